"""The domain's records that are in the way, found before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.route53 import models

from infra.plan import domain
from infra.plan.domain import AddressRecord, problems
from infra.settings import Settings, parse

pytestmark = pytest.mark.sandbox

OWN = "slipway-shop-1.eu-west-1.elb.amazonaws.com"
THEIRS = "slipway-other-2.eu-central-1.elb.amazonaws.com"


def settings(failover: str, zone: str = "Z0123456789") -> Settings:
    balancer = {"domain": "shop.example.com", "hostedZone": zone, "failover": failover}
    return parse({"loadBalancer": balancer, "fleets": {"web": None}}, "shop", {"AWS_REGION": "eu-west-1"})


def record(failover: str = "", identifier: str = "", target: str = THEIRS) -> AddressRecord:
    return AddressRecord(identifier=identifier, failover=failover, target=target)


PRIMARY, SECONDARY = record("PRIMARY", "other"), record("SECONDARY", "other")


@pytest.mark.parametrize(
    ("wanted", "there", "said"),
    [
        ("primary", PRIMARY, "has a primary record already, of the stack other; `pulumi config set"),
        ("secondary", SECONDARY, "has a secondary record already, of the stack other; `pulumi config set"),
        ("none", PRIMARY, "`pulumi config set --path slipway:loadBalancer.failover secondary`, or remove that record"),
        ("secondary", record(), "in the stack that declares it, `pulumi config set --path"),
        ("none", record(), f"has a record already, that leads to {THEIRS}"),
    ],
)
def test_a_record_of_another_stack_is_in_the_way(wanted: str, there: AddressRecord, said: str):
    """The error names it, and the setting that gets along with it."""
    [problem] = problems(settings(wanted), [there], None)
    assert said in problem
    assert problem.startswith("loadBalancer.")


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("primary", [SECONDARY]),
        ("secondary", [PRIMARY]),
        ("primary", [record(target=OWN)]),
        ("none", [record("PRIMARY", "shop", OWN)]),
        ("secondary", [record("PRIMARY", "shop", OWN)]),
        ("none", [record()]),
        ("none", []),
    ],
)
def test_what_the_other_half_and_the_stack_itself_have_is_not(wanted: str, there: list[AddressRecord]):
    """The stack's own record may change its role; one that somebody led elsewhere is for the update to put right."""
    assert list(problems(settings(wanted), there, OWN)) == []


def test_a_stack_of_the_same_name_elsewhere_is_another_one():
    """It has no balancer here yet, so that the record can't be its own."""
    assert list(problems(settings("primary"), [record("PRIMARY", "shop")], None))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(models, "create_route53_zone_id", _zone)  # moto's don't begin with Z
    with mock_aws():
        yield


def _zone(**_: object) -> str:
    return "Z0123456789"


@pytest.mark.usefixtures("aws")
def test_the_records_are_looked_up():
    """Only the address records of that very name count; a zone that can't be read is said, and refuses nothing."""
    route53: Any = boto3.client("route53", region_name="eu-west-1")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"].rpartition("/")[2]
    alias = {"HostedZoneId": "Z1", "DNSName": f"dualstack.{THEIRS}.", "EvaluateTargetHealth": True}
    wanted = {"Name": "shop.example.com", "Type": "A", "AliasTarget": alias}
    records = [
        {**wanted, "Failover": "PRIMARY", "SetIdentifier": "other"},
        {"Name": "shop.example.com", "Type": "TXT", "TTL": 1, "ResourceRecords": [{"Value": '"x"'}]},
        {"Name": "zoo.example.com", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]},
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": each} for each in records]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    assert domain.records("eu-west-1", zone, "shop.example.com") == [record("PRIMARY", "other")]
    found, not_asked = domain.look(settings("primary", zone))
    assert (len(found), not_asked) == (1, "")
    found, not_asked = domain.look(settings("primary", "ZMISSING0"))
    assert found == []
    assert not_asked.startswith("the records of shop.example.com could not be read: ")
