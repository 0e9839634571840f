"""Faults on request, as an AWS SDK meets them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from tests.aws.emulator import Emulator

pytestmark = pytest.mark.sandbox

CALLS = {
    "autoscaling": ("describe_auto_scaling_groups", {}, "Throttling", "SignatureDoesNotMatch", "ExpiredToken"),
    "cloudwatch": ("describe_alarms", {}, "Throttling", "SignatureDoesNotMatch", "ExpiredToken"),
    "ec2": ("describe_instances", {}, "RequestLimitExceeded", "RequestExpired", "RequestExpired"),
    "elbv2": ("describe_load_balancers", {}, "Throttling", "SignatureDoesNotMatch", "ExpiredToken"),
    "logs": ("describe_log_groups", {}, "ThrottlingException", "InvalidSignatureException", "ExpiredTokenException"),
    "s3": ("list_objects_v2", {"Bucket": "b"}, "SlowDown", "RequestTimeTooSkewed", "ExpiredToken"),
    "ssm": ("describe_parameters", {}, "ThrottlingException", "InvalidSignatureException", "ExpiredTokenException"),
}


@pytest.fixture(autouse=True)
def _mended(aws: Emulator) -> Iterator[None]:
    yield
    aws.post("faults", {})


def call(aws: Emulator, service: str) -> Any:
    name, arguments, *_ = CALLS[service]
    return getattr(aws.client(service), name)(**arguments)


def as_role(aws: Emulator, service: str) -> Any:
    """A client with the keys of a role that may do everything."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    aws.client("iam").create_role(RoleName="faults", AssumeRolePolicyDocument=json.dumps(document))
    statement = {"Effect": "Allow", "Resource": "*", "Action": "*"}
    policy = json.dumps({**document, "Statement": [statement]})
    aws.client("iam").put_role_policy(RoleName="faults", PolicyName="all", PolicyDocument=policy)
    return aws.as_role("faults", service)


def refused(aws: Emulator, service: str) -> str:
    with pytest.raises(ClientError) as error:
        call(aws, service)
    return error.value.response["Error"]["Code"]


@pytest.mark.parametrize("service", CALLS)
def test_throttled_in_each_services_own_words(aws: Emulator, service: str):
    """The error code is the one that SDKs try again on."""
    aws.post("faults", {"throttle": 1})
    assert refused(aws, service) == CALLS[service][2]


@pytest.mark.parametrize("service", CALLS)
def test_a_clock_that_is_too_far_off(aws: Emulator, service: str):
    """A quarter of an hour is refused; ten minutes are not."""
    aws.post("faults", {"clock": 1000})
    assert refused(aws, service) == CALLS[service][3]
    aws.post("faults", {"clock": -600})
    if service != "s3":
        call(aws, service)


@pytest.mark.parametrize("service", CALLS)
def test_credentials_that_have_expired(aws: Emulator, service: str):
    """Each service says it with a code of its own."""
    aws.post("faults", {"expired": True})
    assert refused(aws, service) == CALLS[service][4]


def test_an_answer_that_is_lost(aws: Emulator):
    """The SDK sees a connection that broke; what it asked for has been done."""
    s3 = aws.client("s3")
    aws.post("faults", {"lose": 1})
    with pytest.raises((ConnectionError, HTTPClientError)):
        s3.create_bucket(Bucket="lost", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    aws.post("faults", {})
    assert "lost" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_faults_for_instances_only(aws: Emulator):
    """Calls with the keys of a role meet them, those of others do not; and the other way round."""
    instance = as_role(aws, "ec2")
    for only, who, other in (
        ("instances", instance, aws.client("ec2")),
        ("others", aws.client("ec2"), instance),
    ):
        aws.post("faults", {"throttle": 1, "only": only})
        with pytest.raises(ClientError, match="RequestLimitExceeded"):
            who.describe_instances()
        other.describe_instances()


def test_a_connection_that_is_reset(aws: Emulator):
    """The SDK sees a connection that broke, not an answer."""
    aws.post("faults", {"reset": 1})
    with pytest.raises((ConnectionError, HTTPClientError)):
        call(aws, "ec2")


def test_a_late_answer(aws: Emulator):
    """Each call takes that much longer."""
    aws.post("faults", {"latency": 0.3})
    began = time.monotonic()
    call(aws, "ec2")
    assert time.monotonic() - began >= 0.3


def test_what_may_not_be_read(aws: Emulator):
    """A denied key can be put and listed, and not got; others can."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="denied", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for key in ("releases/a", "ledger/a"):
        s3.put_object(Bucket="denied", Key=key, Body=b"x")
    aws.post("faults", {"deny": ["releases/"]})
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="denied", Key="releases/a")
    assert s3.get_object(Bucket="denied", Key="ledger/a")["Body"].read() == b"x"
    assert s3.list_objects_v2(Bucket="denied")["KeyCount"] == 2
