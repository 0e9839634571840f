"""Runs the program against Pulumi's mocks and returns what it declared."""

import asyncio
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pulumi_aws as aws
from google.protobuf import struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import ROOT, SETTINGS

from infra import stack
from infra.balancer import routing
from infra.settings import Settings
from infra.store.artifacts import bucket_of
from release.component.release import Release
from release.machine_image import Image
from release.store import publish
from release.store.manifest import ImageName, Manifest, Origin
from release.store.releases import Store

with warnings.catch_warnings():
    # Modules of pulumi-aws are loaded on first use, and warn of their own deprecated classes.
    warnings.simplefilter("ignore", DeprecationWarning)
    _LOADED = (
        aws.acm.Certificate,
        aws.autoscaling.Group,
        aws.cloudwatch.LogGroup,
        aws.ec2.Vpc,
        aws.iam.Role,
        aws.lb.Listener,
        aws.route53.Record,
        aws.s3.Bucket,
        aws.ssm.Parameter,
        aws.vpc.SecurityGroupEgressRule,
        aws.wafv2.WebAclAssociation,
    )

ACCOUNT = "111122223333"
SHA, DIGEST = "a" * 40, "d" * 64
ZONES = tuple(f"eu-west-1{letter}" for letter in "abc")
IMAGE = ImageName(name="al2023-ami-2023.9", owner="amazon")
MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)
OUTPUTS: dict[str, Callable[["Declared"], dict[str, Any]]] = {
    "aws:acm/certificate:Certificate": lambda r: {
        "arn": f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/{r.name}",
        "domainValidationOptions": [
            {
                "resourceRecordName": f"_proof.{r.inputs['domainName']}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_answer.acm-validations.aws.",
            }
        ],
    },
    "aws:acm/certificateValidation:CertificateValidation": lambda _: {},
    "aws:autoscaling/group:Group": lambda r: {"arn": f"arn:aws:autoscaling:::{r.name}"},
    "aws:autoscaling/lifecycleHook:LifecycleHook": lambda _: {},
    "aws:autoscaling/policy:Policy": lambda _: {},
    "aws:autoscaling/schedule:Schedule": lambda _: {},
    "aws:cloudwatch/eventRule:EventRule": lambda _: {},
    "aws:cloudwatch/eventTarget:EventTarget": lambda _: {},
    "aws:cloudwatch/logGroup:LogGroup": lambda r: {"arn": f"arn:aws:logs:::log-group:{r.inputs['name']}"},
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": lambda _: {},
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda _: {},
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": lambda _: {},
    "aws:ec2/eip:Eip": lambda _: {},
    "aws:ec2/flowLog:FlowLog": lambda _: {},
    "aws:ec2/internetGateway:InternetGateway": lambda _: {},
    "aws:ec2/launchTemplate:LaunchTemplate": lambda _: {"latestVersion": 7},
    "aws:ec2/natGateway:NatGateway": lambda _: {},
    "aws:ec2/route:Route": lambda _: {},
    "aws:ec2/routeTable:RouteTable": lambda _: {},
    "aws:ec2/routeTableAssociation:RouteTableAssociation": lambda _: {},
    "aws:ec2/securityGroup:SecurityGroup": lambda _: {},
    "aws:ec2/subnet:Subnet": lambda _: {},
    "aws:ec2/vpc:Vpc": lambda _: {},
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda _: {},
    "aws:iam/instanceProfile:InstanceProfile": lambda r: {"arn": f"arn:aws:iam:::instance-profile/{r.name}"},
    "aws:iam/role:Role": lambda r: {"arn": f"arn:aws:iam:::role/{r.name}"},
    "aws:iam/rolePolicy:RolePolicy": lambda _: {},
    "aws:lb/listener:Listener": lambda r: {"arn": f"arn:listener/{r.name}"},
    "aws:lb/listenerRule:ListenerRule": lambda _: {},
    "aws:lb/loadBalancer:LoadBalancer": lambda r: {
        "arn": f"arn:balancer/{r.name}",
        "arnSuffix": f"app/{r.inputs['name']}/1",
        "dnsName": "balancer.example.net",
        "zoneId": "ZBALANCER",
    },
    "aws:lb/targetGroup:TargetGroup": lambda r: {
        "arn": f"arn:target-group/{r.name}",
        "arnSuffix": f"targetgroup/{r.inputs['name']}/1",
    },
    "aws:route53/healthCheck:HealthCheck": lambda _: {},
    "aws:route53/record:Record": lambda r: {"fqdn": r.inputs["name"]},
    "aws:s3/bucket:Bucket": lambda r: {"arn": f"arn:aws:s3:::{r.inputs['bucket']}"},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lambda _: {},
    "aws:s3/bucketLogging:BucketLogging": lambda _: {},
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": lambda _: {},
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": lambda _: {},
    "aws:s3/bucketPolicy:BucketPolicy": lambda _: {},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": lambda _: {},
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": lambda _: {},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": lambda _: {},
    "aws:s3/bucketVersioning:BucketVersioning": lambda _: {},
    "aws:ssm/parameter:Parameter": lambda _: {"version": 3},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": lambda _: {},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": lambda _: {},
    "aws:wafv2/webAclAssociation:WebAclAssociation": lambda _: {},
}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource, as the engine would get it; names of properties are the provider's."""

    type: str
    name: str
    inputs: dict[str, Any]
    retained: bool
    depends_on: tuple[str, ...]
    """The logical names of what it waits for."""
    before_update: tuple[str, ...]
    """The names of the hooks that run before an update."""
    imported: str
    """The id of what is there already and is taken over, or ""."""


class Program(MockMonitor):
    """Stands in for the engine. Knows exactly the types the program is to use; any other is an error."""

    def __init__(self) -> None:
        super().__init__(cast("Any", None))
        self.declared: list[Declared] = []
        self.guards: dict[str, tuple[str, ...]] = {}
        """By the name of a component that has to go first: the logical names of what it stands before."""
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.hooks.before_delete:
            self.guards[request.name] = tuple(sorted(urn.split("::")[-1] for urn in request.dependencies))
        if request.type.startswith(("pulumi:", "slipway:")):
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if request.type not in OUTPUTS:
            raise LookupError(f"the program declares {request.type} ({request.name}), which no test knows")
        made = Declared(
            type=request.type,
            name=request.name,
            inputs=_plain(rpc.deserialize_properties(request.object)),
            retained=request.retainOnDelete,
            depends_on=tuple(sorted(urn.split("::")[-1] for urn in request.dependencies)),
            before_update=tuple(request.hooks.before_update),
            imported=request.importId,
        )
        self.declared.append(made)
        identity = f"{made.name}-id"
        state = struct_pb2.Struct()
        state.CopyFrom(request.object)
        state.update({"id": identity, **OUTPUTS[made.type](made)})
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=state)

    def Invoke(self, request: Any) -> Any:
        raise LookupError(f"the program invokes {request.tok} while it declares")

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """The inputs of the resources of a type (`lb/listener`), by logical name."""
        found = [made for made in self.declared if made.type.startswith(f"aws:{kind}:")]
        return {made.name: made.inputs for made in found}

    def one(self, kind: str) -> dict[str, Any]:
        """The inputs of the only resource of a type."""
        found = list(self.of(kind).values())
        assert len(found) == 1, f"{len(found)} of {kind}"
        return found[0]


def _plain(value: Any) -> Any:
    """The value with its secrets unwrapped, each as {"secret": value}."""
    if rpc.is_rpc_secret(value):
        return {"secret": _plain(rpc.unwrap_rpc_secret(value))}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def plan(
    settings: Settings,
    zones: tuple[str, ...],
    *,
    kept_logs: bool = False,
    store_logs: frozenset[str] = frozenset(),
    expires: str | None = None,
) -> stack.Plan | stack.ColdPlan:
    """The plan of a stack whose release is published already."""
    bucket = bucket_of(settings.artifacts, stack=settings.stack, account=ACCOUNT, region=settings.region)
    if settings.posture == "cold":
        return stack.ColdPlan(account=ACCOUNT, bucket=bucket, sha=SHA, digest=DIGEST)
    published = publish.Publication(
        digest=DIGEST,
        image=IMAGE,
        processes={},
        of=Manifest(
            sha=SHA,
            digest=DIGEST,
            size=1,
            image=IMAGE,
            processes={},
            tags=(),
            source=Origin(repository=".", directory="", committed=MOMENT),
            build=None,
            published_at=MOMENT,
            published_by="test",
        ),
    )
    image = Image(
        id="ami-0123456789abcdef0",
        name=IMAGE.name,
        owner=IMAGE.owner,
        architecture="x86_64",
        root_device="/dev/xvda",
    )
    return stack.Plan(
        account=ACCOUNT,
        zones=zones,
        bucket=bucket,
        release=Release(publication=published, image=image, store=cast("Store", None)),
        commands={name: f"run {fleet.process}" for name, fleet in settings.fleets.items()},
        routing=routing.plan({name: fleet.routes for name, fleet in settings.balanced.items()}),
        kept_logs=kept_logs,
        kept_store_logs=store_logs,
        expires=expires,
    )


def run(
    settings: Settings,
    zones: tuple[str, ...] = ZONES,
    *,
    kept_logs: bool = False,
    store_logs: frozenset[str] = frozenset(),
    expires: str | None = None,
) -> Program:
    """Declares the whole stack, as a preview, and returns all that was registered."""
    program = Program()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    ROOT.set(None)  # a new stack would inherit the transformations of the one before
    try:
        pulumi.runtime.set_mocks(
            cast("Any", None), project="slipway", stack=settings.stack, preview=True, monitor=program
        )

        def register(_hook: object) -> None:
            """The mocks know no hooks: their names are in the registrations, and nothing else is asked of them."""

        cast("Any", SETTINGS).callbacks = SimpleNamespace(register_resource_hook=register)

        def declare() -> pulumi.Output[Any]:
            declared = stack.declare(
                settings, plan(settings, zones, kept_logs=kept_logs, store_logs=store_logs, expires=expires)
            )
            shown = {name: getattr(declared, name) for name in ("url", "sha", "digest", "network", "fleets", "posture")}
            return pulumi.Output.all(**shown).apply(program.outputs.update)

        pulumi.runtime.test(declare)()
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return program
