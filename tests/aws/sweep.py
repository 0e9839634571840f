"""Removes what tests made in a real account: all that is tagged `slipway:test`, or named after a run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.aws.account import PREFIX, TAG, Account

PATIENCE = 900.0
"""Seconds for what depends on something that is still going: a subnet, on the interfaces of a balancer."""
_PAUSE = 5.0


def sweep(account: Account, *, everything: bool = False) -> list[str]:
    """Remove what the run made, or what any run made; return what could not be removed, and why.

    Groups go first and then their instances, balancers before their target groups, and networks last.
    """
    prefix = PREFIX if everything else f"{PREFIX}{account.run}"
    values = ["*"] if everything else [account.run]
    problems: list[str] = []
    for step in (
        _groups,
        _instances,
        _balancers,
        _target_groups,
        _templates,
        _networks,
        _alarms,
        _parameters,
        _buckets,
    ):
        for what, remove in step(account, prefix, [{"Name": f"tag:{TAG}", "Values": values}]):
            problem = _removed(remove)
            print(f"  {what}: {problem or 'removed'}", file=sys.stderr, flush=True)
            if problem:
                problems.append(f"{what}: {problem}")
    return problems


Removal = Iterator[tuple[str, Callable[[], object]]]


def _removed(remove: Callable[[], object]) -> str:
    """Remove something that may still be in use for a while; return why it could not be removed, or ""."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            remove()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if "NotFound" in code or code.startswith("NoSuch"):
                return ""
            waits = "InUse" in code or code in ("DependencyViolation", "ScalingActivityInProgress")
            if not waits or time.monotonic() > end:
                return str(error)
            time.sleep(_PAUSE)
        else:
            return ""


def _groups(account: Account, prefix: str, _tags: list[dict[str, Any]]) -> Removal:
    scaling = account.client("autoscaling")
    for page in scaling.get_paginator("describe_auto_scaling_groups").paginate():
        for found in page["AutoScalingGroups"]:
            name = found["AutoScalingGroupName"]
            if name.startswith(prefix):
                yield (
                    f"group {name}",
                    lambda name=name: scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True),
                )


def _instances(account: Account, _prefix: str, tags: list[dict[str, Any]]) -> Removal:
    ec2 = account.client("ec2")
    states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped", "shutting-down"]}
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[*tags, states])
    ids = [i["InstanceId"] for page in pages for each in page["Reservations"] for i in each["Instances"]]
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
        waiter = ec2.get_waiter("instance_terminated")
        yield f"instances {' '.join(ids)}", lambda: waiter.wait(InstanceIds=ids, WaiterConfig={"Delay": 5})


def _balancers(account: Account, prefix: str, _tags: list[dict[str, Any]]) -> Removal:
    elb = account.client("elbv2")
    for page in elb.get_paginator("describe_load_balancers").paginate():
        for found in page["LoadBalancers"]:
            if found["LoadBalancerName"].startswith(prefix):
                arn = found["LoadBalancerArn"]
                yield f"load balancer {arn}", lambda arn=arn: elb.delete_load_balancer(LoadBalancerArn=arn)


def _target_groups(account: Account, prefix: str, _tags: list[dict[str, Any]]) -> Removal:
    elb = account.client("elbv2")
    for page in elb.get_paginator("describe_target_groups").paginate():
        for found in page["TargetGroups"]:
            if found["TargetGroupName"].startswith(prefix):
                arn = found["TargetGroupArn"]
                yield f"target group {arn}", lambda arn=arn: elb.delete_target_group(TargetGroupArn=arn)


def _templates(account: Account, _prefix: str, tags: list[dict[str, Any]]) -> Removal:
    ec2 = account.client("ec2")
    for found in ec2.describe_launch_templates(Filters=tags)["LaunchTemplates"]:
        id_ = found["LaunchTemplateId"]
        yield f"launch template {id_}", lambda id_=id_: ec2.delete_launch_template(LaunchTemplateId=id_)


def _networks(account: Account, _prefix: str, tags: list[dict[str, Any]]) -> Removal:
    ec2 = account.client("ec2")
    shown = ec2.describe_vpc_endpoints(Filters=tags)["VpcEndpoints"]
    endpoints = [each["VpcEndpointId"] for each in shown if not each["State"].lower().startswith("delet")]
    if endpoints:
        yield f"endpoints {' '.join(endpoints)}", lambda: ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
    for found in ec2.describe_security_groups(Filters=tags)["SecurityGroups"]:
        id_ = found["GroupId"]
        yield f"security group {id_}", lambda id_=id_: ec2.delete_security_group(GroupId=id_)
    for found in ec2.describe_subnets(Filters=tags)["Subnets"]:
        id_ = found["SubnetId"]
        yield f"subnet {id_}", lambda id_=id_: ec2.delete_subnet(SubnetId=id_)
    for found in ec2.describe_route_tables(Filters=tags)["RouteTables"]:
        id_ = found["RouteTableId"]
        yield f"route table {id_}", lambda id_=id_: ec2.delete_route_table(RouteTableId=id_)
    for found in ec2.describe_vpcs(Filters=tags)["Vpcs"]:
        id_ = found["VpcId"]
        yield f"VPC {id_}", lambda id_=id_: ec2.delete_vpc(VpcId=id_)


def _alarms(account: Account, prefix: str, _tags: list[dict[str, Any]]) -> Removal:
    watch = account.client("cloudwatch")
    names = [alarm["AlarmName"] for alarm in watch.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]]
    if names:
        yield f"alarms {' '.join(names)}", lambda: watch.delete_alarms(AlarmNames=names)


def _parameters(account: Account, prefix: str, _tags: list[dict[str, Any]]) -> Removal:
    ssm = account.client("ssm")
    named = [{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{prefix}"]}]
    for page in ssm.get_paginator("describe_parameters").paginate(ParameterFilters=named):
        for found in page["Parameters"]:
            yield f"parameter {found['Name']}", lambda name=found["Name"]: ssm.delete_parameter(Name=name)


def _buckets(account: Account, prefix: str, _tags: list[dict[str, Any]]) -> Removal:
    s3 = account.client("s3")
    for found in s3.list_buckets(Prefix=prefix)["Buckets"]:
        if found["Name"].startswith(prefix):
            yield f"bucket {found['Name']}", lambda name=found["Name"]: _empty(s3, name)


def _empty(s3: Any, bucket: str) -> None:
    """Remove a bucket and all versions in it; its policy first, which may forbid that."""
    s3.delete_bucket_policy(Bucket=bucket)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            key, id_ = version["Key"], version["VersionId"]
            s3.delete_object(Bucket=bucket, Key=key, VersionId=id_, BypassGovernanceRetention=True)
    s3.delete_bucket(Bucket=bucket)
