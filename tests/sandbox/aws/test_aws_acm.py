"""Certificates are issued once their record is in the zone, which is the same one for every region."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.aws.emulator import Emulator

pytestmark = pytest.mark.sandbox


def requested(aws: Emulator, domain: str, region: str) -> dict[str, Any]:
    acm = aws.client("acm", region)
    arn = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    return described(aws, arn)


def described(aws: Emulator, arn: str) -> dict[str, Any]:
    return aws.client("acm", arn.split(":")[3]).describe_certificate(CertificateArn=arn)["Certificate"]


def put(aws: Emulator, zone: str, record: dict[str, str]) -> None:
    wanted = {
        "Name": record["Name"],
        "Type": record["Type"],
        "TTL": 300,
        "ResourceRecords": [{"Value": record["Value"]}],
    }
    changes = [{"Action": "UPSERT", "ResourceRecordSet": wanted}]
    aws.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def test_one_record_proves_a_domain_in_every_region(aws: Emulator):
    """Pending until the record is there, then issued in both regions; another domain has another record."""
    domain = f"{uuid.uuid4().hex[:8]}.example.com"
    zone = aws.client("route53").create_hosted_zone(Name=domain, CallerReference=domain)["HostedZone"]["Id"]
    first, second = (requested(aws, domain, region) for region in ("eu-west-1", "eu-central-1"))
    [record] = [option["ResourceRecord"] for option in first["DomainValidationOptions"]]
    assert [option["ResourceRecord"] for option in second["DomainValidationOptions"]] == [record]
    assert {first["Status"], second["Status"]} == {"PENDING_VALIDATION"}
    assert requested(aws, "other.example.org", "eu-west-1")["DomainValidationOptions"][0]["ResourceRecord"] != record
    put(aws, zone, {**record, "Value": "_wrong.acm-validations.aws."})
    assert described(aws, first["CertificateArn"])["Status"] == "PENDING_VALIDATION"
    put(aws, zone, record)
    assert described(aws, first["CertificateArn"])["Status"] == "ISSUED"
    aws.client("acm", "eu-west-1").delete_certificate(CertificateArn=first["CertificateArn"])
    assert described(aws, second["CertificateArn"])["Status"] == "ISSUED"
