"""S3's buckets lie in regions: who asks in the wrong one is sent on, who means another's bucket is refused."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.emulator import Emulator

pytestmark = pytest.mark.sandbox

WEST, CENTRAL = "eu-west-1", "eu-central-1"
ME, OTHER = "123456789012", "999999999999"


@pytest.fixture
def west(aws: Emulator) -> str:
    """A bucket in eu-west-1."""
    name = aws.name()
    aws.client("s3", WEST).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": WEST})
    return name


def alone(aws: Emulator, region: str) -> Any:
    """A client that follows no redirect."""
    s3 = aws.client("s3", region)

    def stay(context: dict[str, Any], **_: object) -> None:
        context["s3_redirect"]["redirected"] = True

    s3.meta.events.register_last("before-parameter-build.s3", stay)
    return s3


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str | None]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response
    metadata = answer["ResponseMetadata"]
    region = metadata["HTTPHeaders"].get("x-amz-bucket-region")
    return metadata["HTTPStatusCode"], answer["Error"]["Code"], region


def test_another_region_redirects_and_boto3_follows(aws: Emulator, west: str):
    """301 PermanentRedirect with the bucket's region, for HEAD without a body; a plain client gets there by itself."""
    s3 = alone(aws, CENTRAL)
    assert refused(s3.list_objects_v2, Bucket=west) == (301, "PermanentRedirect", WEST)
    assert refused(s3.put_object, Bucket=west, Key="k", Body=b"x") == (301, "PermanentRedirect", WEST)
    assert refused(s3.head_bucket, Bucket=west) == (301, "301", WEST)
    aws.drop("calls")
    plain = aws.client("s3", CENTRAL)
    plain.put_object(Bucket=west, Key="k", Body=b"x")
    assert plain.head_object(Bucket=west, Key="k")["ContentLength"] == 1
    assert aws.get("calls")[WEST]["s3"]["outside"] == 3  # the one that was sent on, and two in the right region


def test_the_global_endpoint_finds_the_signature_to_be_for_another_region(aws: Emulator, west: str):
    """400 AuthorizationHeaderMalformed; a presigned URL is told so in words of its own."""
    s3 = alone(aws, "us-east-1")
    assert refused(s3.list_objects_v2, Bucket=west) == (400, "AuthorizationHeaderMalformed", WEST)
    assert refused(s3.head_object, Bucket=west, Key="k") == (400, "400", WEST)
    aws.client("s3", "us-east-1").list_objects_v2(Bucket=west)
    signer = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=aws.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version="s3v4"),
    )
    url = signer.generate_presigned_url("get_object", Params={"Bucket": west, "Key": "k"})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url, timeout=10)
    with error.value:
        assert error.value.code == 400
        assert b"<Code>AuthorizationQueryParametersError</Code>" in error.value.read()


def test_where_a_bucket_is(aws: Emulator, west: str):
    """HeadBucket says it in a header, GetBucketLocation also to who asks in us-east-1."""
    headers = aws.client("s3", WEST).head_bucket(Bucket=west)["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-bucket-region"] == WEST
    assert alone(aws, "us-east-1").get_bucket_location(Bucket=west)["LocationConstraint"] == WEST


def test_a_name_is_taken_in_every_region(aws: Emulator, west: str):
    """CreateBucket is not sent on: it is told that the bucket exists."""
    status, code, _ = refused(
        alone(aws, CENTRAL).create_bucket, Bucket=west, CreateBucketConfiguration={"LocationConstraint": CENTRAL}
    )
    assert (status, code) == (409, "BucketAlreadyOwnedByYou")


def test_the_owner_that_is_expected(aws: Emulator, west: str):
    """Another account than the bucket's is refused, of the source of a copy too."""
    s3 = aws.client("s3", WEST)
    s3.put_object(Bucket=west, Key="k", Body=b"x", ExpectedBucketOwner=ME)
    assert refused(s3.put_object, Bucket=west, Key="k", Body=b"x", ExpectedBucketOwner=OTHER)[:2] == (
        403,
        "AccessDenied",
    )
    assert refused(s3.head_bucket, Bucket=west, ExpectedBucketOwner=OTHER)[:2] == (403, "403")
    copy = {"Bucket": west, "Key": "l", "CopySource": {"Bucket": west, "Key": "k"}}
    s3.copy_object(**copy, ExpectedSourceBucketOwner=ME)
    assert refused(s3.copy_object, **copy, ExpectedSourceBucketOwner=OTHER)[:2] == (403, "AccessDenied")
