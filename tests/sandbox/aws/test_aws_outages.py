"""Regions that are dark or unreachable, and global control planes that are down, as an AWS SDK meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from sandbox.service import keys
from tests.aws.emulator import NOW, Emulator, Players
from tests.waiting import until

pytestmark = pytest.mark.sandbox

WEST, CENTRAL = "eu-west-1", "eu-central-1"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
SILENT = (ConnectionError, HTTPClientError)


@pytest.fixture(autouse=True)
def _mended(aws: Emulator) -> Iterator[None]:
    yield
    aws.post("faults", {})


def bucket(aws: Emulator, region: str) -> str:
    name = aws.name()
    aws.client("s3", region).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    return name


def instance(aws: Emulator, region: str) -> str:
    run = aws.client("ec2", region).run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    return str(run["Instances"][0]["InstanceId"])


def on_instance(aws: Emulator, id_: str, service: str, region: str) -> Any:
    """A client with the credentials of an instance."""
    own = keys.of_instance(id_, "test")
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=aws.url,
        aws_access_key_id=own.access,
        aws_secret_access_key=own.secret,
        aws_session_token=own.token,
        config=NOW,
    )


def silent(call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except SILENT:
        return True
    return False


def test_a_dark_region_answers_nothing_and_others_go_on(aws: Emulator):
    """Its endpoints reset the connection; another region's answer, and when it returns all is as it was."""
    name = bucket(aws, WEST)
    aws.client("s3", WEST).put_object(Bucket=name, Key="k", Body=b"kept")
    assert aws.post("faults", {"dark": [WEST]})["dark"] == [WEST]
    for service, call in (("ec2", "describe_vpcs"), ("autoscaling", "describe_auto_scaling_groups")):
        assert silent(getattr(aws.client(service, WEST), call))
        assert not silent(getattr(aws.client(service, CENTRAL), call))
    aws.post("faults", {})
    assert aws.client("s3", WEST).get_object(Bucket=name, Key="k")["Body"].read() == b"kept"


def test_a_bucket_in_a_dark_region_is_out_of_reach_from_everywhere(aws: Emulator):
    """Whatever region signs: also as the source of a copy."""
    west, central = bucket(aws, WEST), bucket(aws, CENTRAL)
    aws.client("s3", WEST).put_object(Bucket=west, Key="k", Body=b"x")
    aws.post("faults", {"dark": [WEST]})
    s3 = aws.client("s3", CENTRAL)
    assert silent(s3.head_bucket, Bucket=west)
    assert silent(s3.copy_object, Bucket=central, Key="k", CopySource={"Bucket": west, "Key": "k"})
    assert not silent(s3.put_object, Bucket=central, Key="k", Body=b"x")


def test_instances_of_a_dark_region_are_cut_off(aws: Emulator):
    """What they ask of another region doesn't get out either."""
    asks = on_instance(aws, instance(aws, WEST), "sts", CENTRAL).get_caller_identity
    asks()
    aws.post("faults", {"dark": [WEST]})
    assert silent(asks)


def test_an_unreachable_region_answers_its_own_instances_only(aws: Emulator):
    """Neither callers outside nor another region's instances get an answer."""
    own = on_instance(aws, instance(aws, WEST), "sts", WEST)
    other = on_instance(aws, instance(aws, CENTRAL), "sts", WEST)
    aws.post("faults", {"unreachable": [WEST]})
    assert not silent(own.get_caller_identity)
    assert silent(other.get_caller_identity)
    assert silent(aws.client("sts", WEST).get_caller_identity)


def test_nothing_happens_in_a_dark_region(aws: Emulator, players: Players):
    """Auto Scaling launches nothing there until the region returns."""
    ec2, scaling = aws.client("ec2", WEST), aws.client("autoscaling", WEST)
    template = ec2.create_launch_template(
        LaunchTemplateName=aws.name(), LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    group = aws.name()
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=group,
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{WEST}a"],
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
    )

    def launched() -> int:
        tags = [machine["tags"] for machine in aws.get("instances?wait=0")["instances"]]
        return sum(each.get("aws:autoscaling:groupName") == group for each in tags)

    aws.post("faults", {"unreachable": [WEST]})  # nobody can ask, and the region works on
    aws.post("faults", {"unreachable": []})
    scaling.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=1)
    until(lambda: launched() == 1)
    aws.post("faults", {"dark": [WEST]})
    gone = next(
        m for m in aws.get("instances?wait=0")["instances"] if m["tags"].get("aws:autoscaling:groupName") == group
    )
    aws.post(f"instances/{gone['id']}", {"state": "failed", "reason": "its host"})
    other = instance(aws, CENTRAL)
    until(lambda: other in players.seen)  # a pass of the controller, and more
    assert launched() == 1
    aws.post("faults", {})
    until(lambda: launched() == 2)


def test_balancers_of_a_dark_region_are_marked(aws: Emulator):
    """The balancer process hears which load balancers and target groups to leave unanswered."""
    ec2, elbv2 = aws.client("ec2", WEST), aws.client("elbv2", WEST)
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
    arn = elbv2.create_load_balancer(Name=aws.name(), Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]

    def dark() -> bool:
        feed = aws.get("load-balancers?wait=0")["load_balancers"]
        return next(each["dark"] for each in feed if each["arn"] == arn)

    assert not dark()
    aws.post("faults", {"dark": [WEST]})
    assert dark()
    aws.post("faults", {})
    elbv2.delete_load_balancer(LoadBalancerArn=arn)


GLOBAL = {
    "iam": [("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}), ("delete_role", {"RoleName": "r"})],
    "route53": [("create_hosted_zone", {"Name": "example.org", "CallerReference": "x"})],
    "s3": [("create_bucket", {"Bucket": "x-y-z", "CreateBucketConfiguration": {"LocationConstraint": CENTRAL}})],
    "elbv2": [("create_load_balancer", {"Name": "x"})],
}


@pytest.mark.parametrize("service", GLOBAL)
def test_writes_that_need_us_east_1_are_refused_while_it_is_down(aws: Emulator, service: str):
    """With an error that SDKs try again on; when it is back they succeed or fail for reasons of their own."""
    aws.post("faults", {"global_writes": True})
    for name, arguments in GLOBAL[service]:
        with pytest.raises(ClientError) as error:
            getattr(aws.client(service), name)(**arguments)
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert error.value.response["Error"]["Code"] == "ServiceUnavailable"


def test_everything_else_goes_on_without_us_east_1(aws: Emulator):
    """Reads of global services, objects of S3, tokens, and other regions' control planes."""
    name = bucket(aws, CENTRAL)
    aws.post("faults", {"global_writes": True})
    aws.client("iam").list_roles()
    aws.client("route53").list_hosted_zones()
    aws.client("sts").get_caller_identity()
    s3 = aws.client("s3")
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "k"}]})
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    aws.client("ec2").delete_vpc(VpcId=vpc)
    with pytest.raises(ClientError, match="Unavailable"):
        aws.client("ec2", "us-east-1").create_vpc(CidrBlock="10.9.0.0/16")


def test_calls_are_counted_by_region_service_and_sender(aws: Emulator):
    """S3's by the bucket's region, those of instances apart, also those that get no answer; a reset begins again."""
    name, id_ = bucket(aws, WEST), instance(aws, CENTRAL)
    aws.drop("calls")
    aws.client("s3", WEST).list_objects_v2(Bucket=name)
    aws.client("iam").list_roles()
    on_instance(aws, id_, "sts", CENTRAL).get_caller_identity()
    aws.post("faults", {"dark": [WEST]})
    silent(aws.client("ec2", WEST).describe_vpcs)
    counted = aws.drop("calls")
    assert counted[WEST] == {"ec2": {"outside": 1, "instances": 0}, "s3": {"outside": 1, "instances": 0}}
    assert counted["us-east-1"]["iam"] == {"outside": 1, "instances": 0}
    assert counted[CENTRAL]["sts"] == {"outside": 0, "instances": 1}
    assert aws.get("calls") == {}
