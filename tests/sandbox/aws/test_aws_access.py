"""Nothing is done for somebody who has no key of the session, such as a web page that a developer has open."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import cast

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.access import signature
from sandbox.service import door, keys
from tests.aws.emulator import BEARER, NOW, REGION, Emulator

LAUNCH = "Action=RunInstances&Version=2016-11-15&ImageId=ami-03cf127a&MinCount=1&MaxCount=1&UserData=IyEvYmluL3No"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ask(
    aws: Emulator, method: str = "POST", path: str = "/", body: str = LAUNCH, **headers: str
) -> tuple[int, dict[str, str]]:
    """Status and headers of a request as it is given, without anything of an SDK."""
    connection = http.client.HTTPConnection("127.0.0.1", aws.port, timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.headers)
    finally:
        connection.close()


def signed(
    aws: Emulator,
    *,
    access: str = "test",
    key: str = "test",
    service: str = "ec2",
    body: str = LAUNCH,
    path: str = "/",
    **headers: str,
) -> dict[str, str]:
    """Headers of a signed request."""
    request = AWSRequest("POST", f"{aws.url}{path}", data=body, headers={**FORM, **headers})
    SigV4Auth(Credentials(access, key), service, REGION).add_auth(request)
    return dict(request.headers.items())


@pytest.fixture
def nothing_launched(aws: Emulator) -> Iterator[None]:
    """However it was asked, no instance came of it."""
    before = [each["id"] for each in aws.get("instances")["instances"]]
    yield
    assert [each["id"] for each in aws.get("instances")["instances"]] == before


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/ec2/aws4_request"},
        {
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/ec2/aws4_request, "
            f"SignedHeaders=host, Signature={'0' * 64}",
            "X-Amz-Date": "20260101T000000Z",
        },
        {"Authorization": "Bearer test"},
        {"Authorization": "AWS test:signature"},
    ],
    ids=["no key", "half a signature", "a wrong signature", "the internal key", "an old scheme"],
)
@pytest.mark.usefixtures("nothing_launched")
def test_without_a_signature_nothing_is_launched(aws: Emulator, headers: dict[str, str]):
    """What a form of a web page can send, and what somebody can who knows the access key but not the secret."""
    status, answer = ask(aws, **FORM, **headers)

    assert status in (401, 403)
    assert not [name for name in answer if name.lower().startswith("access-control-")]


@pytest.mark.sandbox
@pytest.mark.usefixtures("nothing_launched")
def test_a_signed_request_that_was_altered_is_refused(aws: Emulator):
    """The body is part of what is signed, and so is the region, and the headers that say they are."""
    headers = signed(aws)
    assert ask(aws, body=f"{LAUNCH}&KeyName=x", **headers)[0] == 401
    assert ask(aws, path="/?DryRun=true", **headers)[0] == 401
    assert ask(aws, **{**headers, "Authorization": headers["Authorization"].replace(REGION, "eu-west-1")})[0] == 401
    assert ask(aws, **{**headers, "X-Amz-Date": "20260101T000000Z"})[0] in (401, 403)
    assert ask(aws, **signed(aws, key="guess"))[0] == 401
    assert ask(aws, **signed(aws, access="AKIAGUESS"))[0] == 401


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "path", ["/", "/_sandbox/instances", "/_sandbox/faults", "/moto-api/reset", "/moto-api/data.json"]
)
def test_web_pages_are_refused_whatever_they_know(aws: Emulator, path: str):
    """An Origin, or the Host of a name that was rebound to 127.0.0.1, is answered to with 403 and no CORS header."""
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": aws.url},
        {"Host": "evil.example"},
        {"Host": f"evil.example:{aws.port}"},
        {"Host": f"127.0.0.1.evil.example:{aws.port}"},
        {"Host": "127.0.0.1"},
    ):
        for method in ("POST", "GET", "OPTIONS"):
            status, answer = ask(aws, method, path, "{}", **{**BEARER, **headers})
            assert status == 403, (headers, method)
            assert not [name for name in answer if name.lower().startswith("access-control-")]


@pytest.mark.sandbox
def test_two_hosts_are_none(aws: Emulator):
    """A request with two Host headers is refused: who looks at the first, who at the last?"""
    with socket.create_connection(("127.0.0.1", aws.port), timeout=30) as connection:
        hosts = f"Host: 127.0.0.1:{aws.port}\r\nHost: evil.example\r\n"
        connection.sendall(f"GET /_sandbox/instances HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode())
        assert connection.recv(100).split()[1] == b"403"


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_sandbox/instances?wait=0"),
        ("GET", "/_sandbox/load-balancers?wait=0"),
        ("POST", "/_sandbox/faults"),
        ("POST", "/_sandbox/metrics"),
        ("POST", "/_sandbox/target-health"),
        ("POST", "/_sandbox/instances/i-0"),
        ("POST", "/moto-api/reset"),
        ("GET", "/moto-api/data.json"),
        ("GET", "/"),
        ("OPTIONS", "/"),
    ],
)
def test_its_own_interfaces_ask_for_the_key(aws: Emulator, method: str, path: str):
    """So does moto's, which can reset everything."""
    for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Bearer "}):
        assert ask(aws, method, path, "{}", **headers)[0] in (401, 403)


@pytest.mark.sandbox
def test_it_listens_on_loopback_only(aws: Emulator):
    """No other machine reaches it."""
    import psutil

    listening = {
        c.laddr.ip
        for c in psutil.net_connections("tcp4")
        if c.laddr and c.status == "LISTEN" and c.laddr.port == aws.port
    }
    assert listening == {"127.0.0.1"}


@pytest.mark.sandbox
def test_presigned_urls(aws: Emulator):
    """One of S3 is good for what it was made for, until its time is over; of other services there are none."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="signed", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="signed", Key="a b/ü+c", Body=b"1")
    signer = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version="s3v4"),
    )
    url = signer.generate_presigned_url("get_object", {"Bucket": "signed", "Key": "a b/ü+c"}, ExpiresIn=60)
    assert urllib.request.urlopen(url, timeout=30).read() == b"1"
    other = url.replace("Expires=60", "Expires=600")
    for bad in (other, url.replace("signed/", "signed2/"), url[:-1] + ("0" if url[-1] != "0" else "1")):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(bad, timeout=30)
    over = signer.generate_presigned_url("get_object", {"Bucket": "signed", "Key": "a b/ü+c"}, ExpiresIn=0)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(over, timeout=30)
    whoami = aws.client("sts").generate_presigned_url("get_caller_identity")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(whoami, timeout=30)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_instances", "AuthFailure"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("logs", "describe_log_groups", "UnrecognizedClientException"),
        ("autoscaling", "describe_auto_scaling_groups", "InvalidClientTokenId"),
    ],
)
def test_an_unknown_key_is_refused_as_aws_does(aws: Emulator, service: str, operation: str, code: str):
    """By each service with its own code."""
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id="AKIAOTHER",
        aws_secret_access_key="x",
        config=NOW,
    )
    with pytest.raises(ClientError) as error:
        getattr(client, operation)()
    assert error.value.response["Error"]["Code"] == code


@pytest.mark.sandbox
def test_a_role_needs_its_token(aws: Emulator):
    """Keys of a role without the token that belongs to them are none."""
    anyone = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [anyone]}
    aws.client("iam").create_role(RoleName="tokens", AssumeRolePolicyDocument=json.dumps(trust))
    role = "arn:aws:iam::123456789012:role/tokens"
    got = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]

    def who(token: str | None) -> str:
        sts = boto3.client(
            "sts",
            region_name=REGION,
            endpoint_url=aws.url,
            aws_access_key_id=got["AccessKeyId"],
            aws_secret_access_key=got["SecretAccessKey"],
            aws_session_token=token,
            config=NOW,
        )
        return sts.get_caller_identity()["Arn"]

    assert who(got["SessionToken"]).endswith("assumed-role/tokens/session")
    for wrong in (None, "guess"):
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            who(wrong)


SAFE = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])


@given(
    path=st.text("abc/~%20-_.", max_size=10),
    query=st.dictionaries(st.text("abc-", min_size=1, max_size=5), st.text("abc%20/", max_size=5), max_size=3),
    body=st.binary(max_size=30),
    header=st.text("ab  c", max_size=8),
    service=st.sampled_from(["ec2", "s3", "sts"]),
)
def test_what_botocore_signs_holds_and_nothing_else(
    path: str, query: dict[str, str], body: bytes, header: str, service: str
):
    """For whatever request: with the secret it holds, with another one it does not."""
    made = keys.Keys(access="AKIA1", secret="s")
    url = (
        "http://127.0.0.1:1/"
        + path.lstrip("/")
        + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")
    )
    request = AWSRequest("POST", url, data=body, headers={"Host": "127.0.0.1:1", "X-Some": header})
    from botocore.auth import S3SigV4Auth

    (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("AKIA1", "s"), service, REGION).add_auth(request)
    claimed = signature.claim(url, cast("Mapping[str, str]", request.headers))
    assert claimed is not None
    assert (claimed.key, claimed.region, claimed.service) == ("AKIA1", REGION, service)
    sent = list(request.headers.items())
    assert signature.holds(claimed, made, method="POST", url=url, headers=sent, body=body)
    other = keys.Keys(access="AKIA1", secret="t")
    assert not signature.holds(claimed, other, method="POST", url=url, headers=sent, body=body)
    if service != "s3":
        assert not signature.holds(claimed, made, method="POST", url=url, headers=sent, body=body + b"x")


@given(st.text(SAFE, max_size=80), st.text(SAFE, max_size=80))
def test_a_claim_is_read_or_is_none(header: str, query: str):
    """Whatever a stranger writes there, it ends in no exception."""
    for text in (header, f"AWS4-HMAC-SHA256 Credential={header}, SignedHeaders=host, Signature={'0' * 64}"):
        signature.claim(f"http://127.0.0.1:1/?X-Amz-Credential={query}&X-Amz-Expires={query}", {"Authorization": text})


def test_when_a_presigned_url_is_over():
    """Its seconds count from the date that it was signed at."""
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    url = (
        "http://127.0.0.1:1/?X-Amz-Credential=k/20260101/r/s3/aws4_request&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=0&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60"
    )
    claimed = signature.claim(url, {})
    assert claimed is not None
    assert not claimed.is_over(at + timedelta(seconds=60))
    assert claimed.is_over(at + timedelta(seconds=61))


@pytest.mark.parametrize(
    ("host", "origin", "refused"),
    [
        ("127.0.0.1:5", None, False),
        ("localhost:5", None, False),
        ("127.0.0.1:6", None, True),
        ("localhost", None, True),
        ("evil.localhost:5", None, True),
        ("evil.example:5", None, True),
        (None, None, True),
        ("", None, True),
        ("127.0.0.1:5", "", True),
        ("127.0.0.1:5", "http://127.0.0.1:5", True),
    ],
)
def test_door(host: str | None, origin: str | None, refused: bool):
    """By name and port; an Origin is always one too many."""
    assert bool(door.refusal(host=host, origin=origin, port=5)) is refused
