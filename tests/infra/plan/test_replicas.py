"""What is refused of a replica before anything is made, and what is only warned of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.permissions import policies, roles
from infra.plan import replicas
from infra.settings import Settings, parse
from release.clients import client
from tests.aws.emulator import Emulator
from tests.infra.plan.test_plan import ACCOUNT, REGION
from tests.release.conftest import aws_endpoint
from tests.release.store import replicated
from tests.release.store.replicated import SECOND, Pair

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import TaggingTypeDef

__all__ = ["aws_endpoint"]  # a fixture
pytestmark = pytest.mark.sandbox


@pytest.fixture(autouse=True)
def _aws(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def pair() -> Pair:
    return replicated.make(f"slipway-{uuid.uuid4().hex[:12]}")


def settings(stack: str = "shop", **replica: object) -> Settings:
    mapping = {"loadBalancer": {"http": True}, "fleets": {"web": None}}
    return parse({**mapping, "artifacts": {"replica": {"region": SECOND, **replica}}}, stack, {"AWS_REGION": REGION})


def of_pair(pair: Pair, *, insists: bool = False, required: bool = True) -> Settings:
    """Settings whose store is the pair's: a stack's own has a name that follows from the stack's."""
    found = settings(bucket=pair.second, required=required)
    artifacts = found.artifacts.model_copy(update={"bucket": pair.first})
    return replace(found, artifacts=artifacts, unreplicated=insists)


def look(found: Settings, *, previewed: bool = False) -> tuple[list[str], list[str]]:
    seen = replicas.look(found, ACCOUNT, previewed=previewed)
    return list(seen.problems), list(seen.warnings)


def test_a_stack_without_a_replica_asks_nothing(monkeypatch: pytest.MonkeyPatch):
    """Not even whether AWS is there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    alone = parse({"loadBalancer": {"http": True}, "fleets": {"web": None}}, "shop", {"AWS_REGION": REGION})
    assert look(alone) == ([], [])


def test_a_replica_that_is_to_be_made_and_one_that_is_there_are_fine(pair: Pair):
    """Before the first `up` nothing is there; after it both buckets are."""
    assert look(settings(f"shop-{uuid.uuid4().hex[:8]}")) == ([], [])
    pair.replicate()
    assert look(of_pair(pair)) == ([], [])


def test_a_region_that_the_account_does_not_have():
    """Newer regions have to be enabled first."""
    ((problem,), _) = look(settings(f"shop-{uuid.uuid4().hex[:8]}", region="eu-central-9"))
    assert problem.startswith("artifacts.replica.region: eu-central-9 is not enabled for this account")


def test_a_bucket_of_another_stack(pair: Pair):
    """Or of none: what is in it is not ours."""
    ((problem,), _) = look(of_pair(pair))
    assert f"the bucket {pair.second} exists already, and belongs to no stack of Slipway's" in problem
    tags: TaggingTypeDef = {"TagSet": [{"Key": "slipway:stack", "Value": "other"}]}
    pair.client(SECOND).put_bucket_tagging(Bucket=pair.second, Tagging=tags)
    ((problem,), _) = look(of_pair(pair))
    assert "belongs to the stack other" in problem
    assert "artifacts.replica.bucket NAME" in problem


def test_a_bucket_of_somebody_else(pair: Pair):
    """S3 refuses whoever expects another owner."""
    seen = replicas.look(of_pair(pair), "9" * 12, previewed=False)
    assert "belongs to another account" in seen.problems[0]


def test_a_replica_that_is_gone(pair: Pair):
    """It was removed by hand: the state does not know."""
    pair.replicate()
    pair.client(SECOND).delete_bucket(Bucket=pair.second)
    ((problem,), _) = look(of_pair(pair))
    assert "is gone; `pulumi up --refresh` makes it again" in problem


@pytest.fixture
def dark(pair: Pair, aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """The second region answers nothing, and is not asked for as long as otherwise."""
    monkeypatch.setattr(replicas, "_CERTAIN", 0.0)
    pair.replicate()
    emulator = Emulator(int(aws_endpoint.rpartition(":")[2]))
    emulator.post("faults", {"dark": [SECOND]})
    yield pair
    emulator.post("faults", {})


def test_a_region_that_does_not_answer(dark: Pair):
    """A deploy is refused at once, and told how to insist; whoever insists, or need not wait, is warned."""
    ((problem,), _) = look(of_pair(dark))
    assert f"artifacts.replica.region: {SECOND} does not answer" in problem
    assert "SLIPWAY_UNREPLICATED=1" in problem
    assert look(of_pair(dark), previewed=True)[0] == []
    for found in (of_pair(dark, insists=True), of_pair(dark, required=False)):
        problems, (warning,) = look(found)
        assert problems == []
        assert f"is in {REGION} alone" in warning
    ((problem,), _) = look(settings(f"shop-{uuid.uuid4().hex[:8]}", required=False))
    assert "the replica is not made yet" in problem


def test_whoever_previews_may_ask_all_of_it(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    """With the previewer's policies and nothing else."""
    pair.replicate()
    scope = roles.Scope(
        stack="shop", region=REGION, account=ACCOUNT, bucket=pair.first, replica=SECOND, replica_bucket=pair.second
    )
    iam, name = client("iam", REGION), f"{pair.first}-previewer"
    trust = policies.document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for number, part in enumerate(roles.parts("previewer", scope)):
        iam.put_role_policy(RoleName=name, PolicyName=str(number), PolicyDocument=json.dumps(part))
    got = client("sts", REGION).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", got["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", got["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", got["SessionToken"])
    assert look(of_pair(pair)) == ([], [])
