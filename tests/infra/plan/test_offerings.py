"""Instance types that the zones do not have: no instance would come up where it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.plan import offerings
from infra.plan.offerings import Found
from infra.settings import Settings, parse

REGION, ZONES = "eu-central-1", ["eu-central-1a", "eu-central-1b"]


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS with the types that each zone really had when moto was made."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def settings(*types: str) -> Settings:
    fleets = {"web": {"instanceTypes": list(types)}}
    return parse({"loadBalancer": {"http": True}, "fleets": fleets}, "shop", {"AWS_REGION": REGION})


def test_types_that_are_offered_pass():
    """One of several is enough."""
    assert offerings.look(settings("t3.small"), ZONES) == Found()
    assert offerings.look(settings("p5.48xlarge", "t3.small"), ZONES) == Found()


def test_types_that_no_zone_offers_are_refused():
    """The error says where to look."""
    [problem] = offerings.look(settings("p5.48xlarge"), ZONES).problems
    assert problem.startswith("fleets.web.instanceTypes: no zone of the stack in eu-central-1 offers p5.48xlarge;")
    assert "`aws ec2 describe-instance-type-offerings --region eu-central-1" in problem


def test_a_zone_that_lacks_them_is_worth_a_warning():
    """Instances come up in the others."""
    [warning] = offerings.lacking({"web": ["m6i.large", "m5.large"]}, {"m5.large": {ZONES[0]}}, ZONES)
    assert warning.startswith("fleets.web.instanceTypes: no instance will be in eu-central-1b, where there is none of")


def test_who_may_not_ask_is_not_stopped(monkeypatch: pytest.MonkeyPatch):
    """A role of an earlier version lacks the permission; another error is one."""

    def denied(*_: object) -> Any:
        response: Any = {"Error": {"Code": said, "Message": ""}}
        raise ClientError(response, "DescribeInstanceTypeOfferings")

    monkeypatch.setattr(offerings, "_offered", denied)
    said = "UnauthorizedOperation"
    assert offerings.look(settings("p5.48xlarge"), ZONES) == Found()
    said = "InternalError"
    with pytest.raises(ClientError):
        offerings.look(settings("p5.48xlarge"), ZONES)
