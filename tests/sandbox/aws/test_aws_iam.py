"""Roles may do what their policies say, and no more: those of instances, and those that somebody takes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.service import keys
from tests.aws.emulator import NOW, REGION, Emulator, Players

pytestmark = pytest.mark.sandbox

ACCOUNT = "123456789012"
TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
)

Clients: TypeAlias = Callable[[str], Any]
"""Gives the client of a service."""


class MakeRole(Protocol):
    """Makes a role with these statements, and gives clients that have only them."""

    def __call__(self, *statements: dict[str, Any], name: str = "tester") -> Clients: ...


def allow(actions: str | list[str], resource: str, **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


@pytest.fixture
def role(aws: Emulator) -> Iterator[MakeRole]:
    """Makes a role with these statements, and gives clients that have only them."""
    iam = aws.client("iam")
    made: list[str] = []

    def make(*statements: dict[str, Any], name: str = "tester") -> Clients:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        made.append(name)
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        got = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
        return clients(aws, got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])

    yield make
    for name in made:
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        iam.delete_role(RoleName=name)


def clients(aws: Emulator, access: str, secret: str, token: str) -> Clients:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=aws.url,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=NOW,
        )

    return client


@pytest.fixture
def store(aws: Emulator) -> Iterator[Any]:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="store", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="store", Key="a", Body=b"1")
    yield s3
    s3.delete_object(Bucket="store", Key="a")
    s3.delete_bucket(Bucket="store")


def refused(call: Callable[..., object], **arguments: object) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_role_reads_what_it_may_and_nothing_else(aws: Emulator, role: MakeRole, store: Any):
    """Whole requests pass unharmed, S3 and others; a refusal names who, what and where."""
    mine = role(allow("s3:GetObject", "arn:aws:s3:::store/*"), allow("ec2:DescribeVpcs", "*"))
    assert mine("s3").get_object(Bucket="store", Key="a")["Body"].read() == b"1"
    assert "Vpcs" in mine("ec2").describe_vpcs()
    assert refused(mine("s3").put_object, Bucket="store", Key="b", Body=b"2") == ("AccessDenied", 403)
    assert refused(mine("s3").list_objects_v2, Bucket="store") == ("AccessDenied", 403)
    assert refused(mine("ec2").create_vpc, CidrBlock="10.0.0.0/16") == ("UnauthorizedOperation", 403)
    assert refused(mine("autoscaling").describe_auto_scaling_groups) == ("AccessDenied", 403)
    assert refused(mine("logs").describe_log_groups) == ("AccessDeniedException", 400)
    assert refused(mine("cloudwatch").describe_alarms)[0] == "AccessDenied"
    assert mine("sts").get_caller_identity()["Account"] == ACCOUNT
    told = aws.get("permissions")["tester"]
    assert {"s3:GetObject", "ec2:DescribeVpcs"} <= set(told["used"])
    assert "s3:PutObject on arn:aws:s3:::store/b" in told["refused"]


def test_a_key_that_is_not_there_is_denied_to_who_may_not_list(role: MakeRole, store: Any):
    """S3 doesn't tell whether it is there."""
    reading = allow("s3:GetObject", "arn:aws:s3:::store/*")
    assert refused(role(reading)("s3").get_object, Bucket="store", Key="none") == ("AccessDenied", 403)
    assert refused(role(reading, name="deaf")("s3").head_object, Bucket="store", Key="none")[1] == 403
    listing = allow("s3:ListBucket", "arn:aws:s3:::store")
    may_list = role(reading, listing, name="lister")("s3")
    assert refused(may_list.get_object, Bucket="store", Key="none") == ("NoSuchKey", 404)


def test_who_copies_reads_and_writes(role: MakeRole, store: Any):
    """CopyObject has no permission of its own: it takes that to read the source, and that to write the target."""
    copy = {"Bucket": "store", "Key": "b", "CopySource": {"Bucket": "store", "Key": "a"}}
    reading, writing = (
        allow(f"s3:{verb}Object", f"arn:aws:s3:::store/{key}") for verb, key in (("Get", "a"), ("Put", "b"))
    )
    assert refused(role(reading)("s3").copy_object, **copy) == ("AccessDenied", 403)
    assert refused(role(writing, name="writer")("s3").copy_object, **copy) == ("AccessDenied", 403)
    both = role(reading, writing, name="both")("s3")
    both.copy_object(**copy)
    deny = {**reading, "Effect": "Deny", "Principal": "*"}
    store.put_bucket_policy(Bucket="store", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert refused(both.copy_object, **copy) == ("AccessDenied", 403)
    store.delete_bucket_policy(Bucket="store")
    store.delete_object(Bucket="store", Key="b")


def test_the_bucket_has_a_say_of_its_own(role: MakeRole, store: Any):
    """Its policy may allow what the role's does not, and deny what it does."""
    mine = role(allow("s3:GetObject", "arn:aws:s3:::store/*"))("s3")
    other = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/publisher"}}
    own = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/tester"}
    everything = {"Action": "s3:*", "Resource": "arn:aws:s3:::store/*"}
    policy: list[dict[str, Any]] = [{"Effect": "Allow", "Principal": own, **everything}]
    store.put_bucket_policy(Bucket="store", Policy=json.dumps({"Version": "2012-10-17", "Statement": policy}))
    mine.put_object(Bucket="store", Key="a", Body=b"2")
    policy.append({"Effect": "Deny", "Principal": "*", "Condition": other, **everything})
    store.put_bucket_policy(Bucket="store", Policy=json.dumps({"Version": "2012-10-17", "Statement": policy}))
    assert refused(mine.get_object, Bucket="store", Key="a") == ("AccessDenied", 403)
    store.delete_bucket_policy(Bucket="store")


def test_tags_say_whose_a_resource_is(role: MakeRole):
    """What is made must bear the tag, and what is changed have it."""
    made = {"StringEquals": {"aws:RequestTag/t": "mine"}}
    changed = {"StringEquals": {"aws:ResourceTag/t": "mine"}}
    ec2 = role(
        allow(["ec2:CreateVpc", "ec2:CreateTags"], "*", Condition=made),
        allow(["ec2:DeleteVpc", "ec2:CreateSubnet"], "*", Condition=changed),
    )("ec2")

    def tagged(value: str, kind: str = "vpc") -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": [{"Key": "t", "Value": value}]}]

    assert refused(ec2.create_vpc, CidrBlock="10.0.0.0/16")[0] == "UnauthorizedOperation"
    assert refused(ec2.create_vpc, CidrBlock="10.0.0.0/16", TagSpecifications=tagged("other"))[0] == (
        "UnauthorizedOperation"
    )
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("mine"))["Vpc"]["VpcId"]
    # The VPC may be used, but a subnet that isn't tagged not be made.
    assert refused(ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.0/24")[0] == "UnauthorizedOperation"
    ec2.delete_vpc(VpcId=vpc)


def test_handing_a_role_on_has_to_be_allowed(aws: Emulator, role: MakeRole):
    """Who puts a role into an instance profile passes it to EC2."""
    profile = f"arn:aws:iam::{ACCOUNT}:instance-profile/p"
    iam = role(allow(["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"], profile))("iam")
    iam.create_instance_profile(InstanceProfileName="p")
    assert refused(iam.add_role_to_instance_profile, InstanceProfileName="p", RoleName="tester")[0] == "AccessDenied"
    aws.client("iam").delete_instance_profile(InstanceProfileName="p")


def test_an_instance_has_its_roles_permissions(aws: Emulator, role: MakeRole, players: Players, store: Any):
    """Its keys are known by the instance, whatever its role has come to be allowed since."""
    role(allow("s3:GetObject", "arn:aws:s3:::store/*"), name="of-instances")
    iam, ec2 = aws.client("iam"), aws.client("ec2")
    iam.create_instance_profile(InstanceProfileName="of-instances")
    iam.add_role_to_instance_profile(InstanceProfileName="of-instances", RoleName="of-instances")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    run = {"ImageId": image, "MinCount": 1, "MaxCount": 1}
    instance = ec2.run_instances(**run, IamInstanceProfile={"Name": "of-instances"})["Instances"][0]["InstanceId"]
    own = keys.of_instance(instance, "test")
    mine = clients(aws, own.access, own.secret, own.token)
    assert mine("s3").get_object(Bucket="store", Key="a")["Body"].read() == b"1"
    assert refused(mine("ec2").describe_vpcs)[0] == "UnauthorizedOperation"
    ec2.terminate_instances(InstanceIds=[instance])
    iam.remove_role_from_instance_profile(InstanceProfileName="of-instances", RoleName="of-instances")
    iam.delete_instance_profile(InstanceProfileName="of-instances")
