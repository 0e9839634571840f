"""What a Pulumi program and a release need of the other services, and where moto had to be mended."""

from __future__ import annotations

import base64
import hashlib
import json
from operator import itemgetter

import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import Aws

pytestmark = pytest.mark.sandbox


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = aws.name()
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def test_an_object_is_put_once(aws: Aws, bucket: str):
    """IfNoneMatch: * lets one publisher win; the other gets PreconditionFailed with 412."""
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"one", IfNoneMatch="*", ChecksumSHA256=sha256(b"one"))
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="a", Body=b"two", IfNoneMatch="*")
    assert caught.value.response["Error"]["Code"] == "PreconditionFailed"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"one"


def test_checksums_are_checked_and_kept(aws: Aws, bucket: str):
    """A wrong SHA-256 is refused, a right one is told again by HeadObject and checked by GetObject."""
    s3 = aws.client("s3")
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"one", ChecksumSHA256=sha256(b"two"))
    s3.put_object(Bucket=bucket, Key="a", Body=b"one", ChecksumSHA256=sha256(b"one"))
    head = s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == sha256(b"one")
    read = s3.get_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert read["Body"].read() == b"one"


def test_policy_with_a_condition_is_kept_and_locks_nobody_out(aws: Aws, bucket: str):
    """The usual deny of what isn't TLS leaves the bucket usable; an unconditional deny is enforced."""
    s3 = aws.client("s3")
    deny = {"Effect": "Deny", "Principal": "*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    tls = {**deny, "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    keep = {**deny, "Action": "s3:DeleteObject"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [tls, keep]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(policy)
    s3.put_object(Bucket=bucket, Key="a", Body=b"one")
    with pytest.raises(ClientError, match=r"403|AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="a")


@pytest.mark.emulator("the newest image is another one there")
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "sa-east-1"])
def test_amazon_linux_is_in_every_region(aws: Aws, region: str):
    """The newest image by name is the same release everywhere, with an id of the region's own."""
    images = aws.client("ec2", region).describe_images(
        Owners=["amazon"],
        Filters=[{"Name": "name", "Values": ["al2023-ami-2023.*-kernel-6.1-x86_64"]}],
    )["Images"]
    newest = max(images, key=itemgetter("CreationDate"))
    assert newest["Name"] == "al2023-ami-2023.9.20251105.0-kernel-6.1-x86_64"
    assert len(images) == 2
    elsewhere = aws.client("ec2", "eu-central-1").describe_images(
        Filters=[{"Name": "name", "Values": [newest["Name"]]}]
    )
    assert elsewhere["Images"][0]["ImageId"] != newest["ImageId"]


def test_parameters_have_versions(aws: Aws):
    """name:version selects an old value; a version that doesn't exist is an invalid parameter."""
    ssm, name = aws.client("ssm"), f"/{aws.name()}"
    for value in ("one", "two"):
        ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
    found = ssm.get_parameters(Names=[f"{name}:1", f"{name}:9"], WithDecryption=True)
    assert [(p["Value"], p["Version"]) for p in found["Parameters"]] == [("one", 1)]
    assert found["InvalidParameters"] == [f"{name}:9"]


def test_gateway_endpoint_follows_its_route_tables(aws: Aws):
    """A route table that is added later gets the route, and the endpoint can be deleted after it."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    first, second = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{aws.region}.s3", RouteTableIds=[first])[
        "VpcEndpoint"
    ]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[second])
    routes = ec2.describe_route_tables(RouteTableIds=[second])["RouteTables"][0]["Routes"]
    assert any("DestinationPrefixListId" in route for route in routes)
    ec2.delete_route_table(RouteTableId=first)
    assert not ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint]).get("Unsuccessful")


def test_a_rule_from_a_group_keeps_its_description(aws: Aws):
    """DescribeSecurityGroupRules shows it for a referenced group too; else each refresh would find drift."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    pair = {"GroupId": group, "Description": "itself"}
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [pair]}],
    )
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert [rule["Description"] for rule in rules if not rule["IsEgress"]] == ["itself"]


def test_a_launch_template_says_nothing_of_its_own_tags(aws: Aws):
    """The first version's data is what was given; the tags are the template's."""
    ec2 = aws.client("ec2")
    template = ec2.create_launch_template(
        LaunchTemplateName=aws.name(),
        LaunchTemplateData={"InstanceType": "t3.small"},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "a", "Value": "b"}]}],
    )["LaunchTemplate"]
    assert {"Key": "a", "Value": "b"} in template["Tags"]
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
    assert "TagSpecifications" not in versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]


@pytest.mark.emulator("an account may have been given more")
def test_quotas(aws: Aws):
    """Those that a preview asks for, and no others."""
    quotas = aws.client("service-quotas")

    def value(service: str, name: str) -> float:
        return quotas.get_service_quota(ServiceCode=service, QuotaCode=name)["Quota"]["Value"]

    assert value("ec2", "L-0263D0A3") == value("vpc", "L-F678F1CE") == 5
    assert value("ec2", "L-1216C47A") == value("ec2", "L-34B43A08") == 256
    with pytest.raises(ClientError, match="NoSuchResource"):
        value("ec2", "L-00000000")
