"""What the set-up of an account declares, resource by resource."""

from __future__ import annotations

import asyncio
import functools
import json
import warnings
from collections.abc import Mapping
from typing import Any, NoReturn, cast

import pulumi
import pulumi_aws as aws
from google.protobuf import struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import ROOT

from bootstrap import account, settings
from infra.permissions import roles
from sandbox.aws.iam.policy import Ask, decide

with warnings.catch_warnings():
    # Modules of pulumi-aws are loaded on first use, and warn of their own deprecated classes.
    warnings.simplefilter("ignore", DeprecationWarning)
    _LOADED = (aws.iam.Role, aws.kms.Key, aws.s3.Bucket)

ACCOUNT = "111122223333"
STACKS = {
    "prod": {"zone": "Z0123456", "replica": "eu-central-1", "people": [f"arn:aws:iam::{ACCOUNT}:role/oncall"]},
    "dr": {
        "region": "eu-central-1",
        "bucket": f"slipway-prod-{ACCOUNT}-eu-central-1",
        "roles": ["previewer", "deployer", "rollback", "activate", "drill"],
    },
    "review": {"roles": ["review"]},
}


class Engine(pulumi.runtime.Mocks):
    """Stands in for the engine, and remembers what was declared: by type and logical name, its inputs."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], Mapping[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made[args.typ, args.name] = dict(args.inputs)
        region, name = args.inputs.get("region", "eu-west-1"), args.inputs.get("name", args.name)
        arn = {
            "aws:kms/key:Key": f"arn:aws:kms:{region}:{ACCOUNT}:key/{args.name:0<36}",
            "aws:iam/policy:Policy": f"arn:aws:iam::{ACCOUNT}:policy/{name}",
            "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        }.get(args.typ, f"arn:{args.name}")
        return f"{args.name}-id", {**args.inputs, "arn": arn, "keyId": f"{args.name}-id"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
        raise LookupError(f"the program invokes {args.token}")

    def of(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """The inputs of all of a type (`iam/role`), by logical name."""
        return {name: made for (type_, name), made in self.made.items() if type_.startswith(f"aws:{kind}:")}


class Monitor(MockMonitor):
    """Pulumi's, but for the event loop that it makes in each thread that it is asked in, and leaves open."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(cast("Any", None))
        self._engine = engine

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type.startswith(("pulumi:", "slipway:")):
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = rpc.deserialize_properties(request.object)
        args = pulumi.runtime.MockResourceArgs(typ=request.type, name=request.name, inputs=inputs)
        identity, outputs = self._engine.new_resource(args)
        state = struct_pb2.Struct()
        state.CopyFrom(request.object)
        state.update({name: outputs[name] for name in ("arn", "keyId")} | {"id": identity})
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=state)


@functools.cache
def declared() -> tuple[Engine, Mapping[str, Any]]:
    """All that three stacks of an account need, and the outputs."""
    given: dict[str, object] = {"aws:region": "eu-west-1", "replica": "eu-central-1", "repository": "acme/shop"}
    parsed = settings.parse({**given, "stacks": STACKS}, "account")
    engine, outputs = Engine(), dict[str, Any]()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    ROOT.set(None)
    try:
        pulumi.runtime.set_mocks(
            engine, project="slipway-bootstrap", stack="account", preview=False, monitor=Monitor(engine)
        )
        declare = pulumi.runtime.test(
            lambda: pulumi.Output.from_input(dict(account.declare(parsed, ACCOUNT))).apply(outputs.update)
        )
        declare()
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return engine, outputs


def test_each_region_keeps_the_state_of_its_stacks():
    """And both what the other has."""
    engine, outputs = declared()
    assert outputs["prod"]["backend"] == f"s3://state-slipway-{ACCOUNT}-eu-west-1/prod?region=eu-west-1"
    assert outputs["dr"]["backend"] == f"s3://state-slipway-{ACCOUNT}-eu-central-1/dr?region=eu-central-1"
    buckets = {made["bucket"]: made.get("region") for made in engine.of("s3/bucket").values()}
    assert buckets == {
        f"state-slipway-{ACCOUNT}-eu-west-1": None,
        f"state-slipway-{ACCOUNT}-eu-central-1": "eu-central-1",
    }
    copied = engine.of("s3/bucketReplicationConfig")
    assert len(copied) == 2
    assert all(each["rules"][0]["deleteMarkerReplication"] == {"status": "Enabled"} for each in copied.values())


def test_a_key_is_in_its_stacks_region_and_rotates():
    """What `dr` decrypts with is there when the first region is not."""
    keys = declared()[0].of("kms/key")
    assert {name: key.get("region") for name, key in keys.items()} == {
        "prod-key": None,
        "dr-key": "eu-central-1",
        "review-key": None,
    }
    assert all(key["enableKeyRotation"] for key in keys.values())
    assert declared()[1]["dr"]["secretsProvider"] == "awskms://alias/slipway/dr?region=eu-central-1"


def test_every_role_is_bounded_and_trusts_its_environment():
    """Of the stack's own boundary, not another's; and people only where they are named."""
    made = declared()[0].of("iam/role")
    own = {name: role for name, role in made.items() if role["name"].startswith("slipway.")}
    assert {role["name"] for role in own.values()} == {
        *(f"slipway.prod.{role}" for role in settings.USUAL),
        *(f"slipway.dr.{role}" for role in ("previewer", "deployer", "rollback", "activate", "drill")),
        "slipway.review.review",
    }
    for role in own.values():
        stack = role["name"].split(".")[1]
        assert role["permissionsBoundary"].endswith(f":policy/slipway.{stack}.roles-boundary")
        trusted = json.loads(role["assumeRolePolicy"])["Statement"]
        assert len(trusted) == (2 if stack == "prod" else 1)
    subjects = {
        role["name"]: json.loads(role["assumeRolePolicy"])["Statement"][0]["Condition"]["StringEquals"]
        for role in own.values()
    }
    sub = "token.actions.githubusercontent.com:sub"
    assert subjects["slipway.dr.deployer"][sub] == ["repo:acme/shop:environment:dr"]
    assert subjects["slipway.review.review"][sub] == [
        "repo:acme/shop:environment:review",
        "repo:acme/shop:environment:sweep",
    ]


def test_every_policy_fits_and_is_attached():
    """The parts of a role's policy are all attached to it, and nothing else is."""
    engine = declared()[0]
    policies = engine.of("iam/policy")
    assert all(len(policy["policy"].replace(" ", "")) <= roles.LIMIT for policy in policies.values())
    attached = {
        (each["role"], each["policyArn"].rpartition("/")[2]) for each in engine.of("iam/rolePolicyAttachment").values()
    }
    named = {policy["name"] for policy in policies.values() if not policy["name"].endswith("boundary")}
    assert attached == {(name.rpartition(".")[0], name) for name in named}
    assert len([name for name in named if name.startswith("slipway.prod.deployer.")]) > 1


def test_nobody_reaches_the_state_of_the_set_up_or_of_another_stack():
    """The folder `bootstrap` is the administrator's."""
    for name, policy in declared()[0].of("iam/policy").items():
        if policy["name"].endswith("boundary"):
            continue
        stack = policy["name"].split(".")[1]
        for other in {"bootstrap", *STACKS} - {stack}:
            for region in ("eu-west-1", "eu-central-1"):
                key = f"arn:aws:s3:::state-slipway-{ACCOUNT}-{region}/{other}/.pulumi/stacks/x.json"
                for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
                    ask = Ask(action=action, resource=key)
                    assert not decide(json.loads(policy["policy"])["Statement"], ask), (name, key)
