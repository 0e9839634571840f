"""A fleet made with boto3, as the tests need it."""

from __future__ import annotations

import base64
from operator import itemgetter
from typing import Any

from tests.aws.account import Account
from tests.aws.emulator import Emulator

HEALTH = "health"
"""The tag by which an instance is `well` or `ill`; without it, it is not healthy yet."""
SERVER = f"""
import os, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/") + "/latest/"


def ask(path, method="GET", **headers):
    request = urllib.request.Request(METADATA + path, method=method, headers=headers)
    return urllib.request.urlopen(request, timeout=1).read().decode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            token = ask("api/token", "PUT", **{{"X-aws-ec2-metadata-token-ttl-seconds": "60"}})
            mark = ask("meta-data/tags/instance/{HEALTH}", **{{"X-aws-ec2-metadata-token": token}})
        except OSError:
            mark = ""
        self.send_response(200 if mark == "well" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()


HTTPServer(("", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()
"""


class Fleet:
    """A VPC with three zones, a load balancer with a listener, a launch template, and a group."""

    def __init__(self, aws: Emulator | Account, *, zones: int = 3, delay: str = "0") -> None:
        self.aws = aws
        self.ec2, self.elb = aws.client("ec2"), aws.client("elbv2")
        self.scaling = aws.client("autoscaling")
        self.name = aws.name()
        vpc = self.ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        names = [z["ZoneName"] for z in self.ec2.describe_availability_zones()["AvailabilityZones"]]
        self.subnets: list[str] = [
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{i}.0/24", AvailabilityZone=names[i])["Subnet"][
                "SubnetId"
            ]
            for i in range(zones)
        ]
        self.balancer: dict[str, Any] = self.elb.create_load_balancer(
            Name=self.name,
            Subnets=self.subnets,
            Scheme="internal",  # so that it needs no way to the internet
        )["LoadBalancers"][0]
        self.target_group: str = self.elb.create_target_group(
            Name=self.name,
            Protocol="HTTP",
            Port=8080,
            VpcId=vpc,
            HealthCheckPath="/healthz",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(
            TargetGroupArn=self.target_group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}],
        )
        self.listener: str = self.elb.create_listener(
            LoadBalancerArn=self.balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group}],
        )["Listeners"][0]["ListenerArn"]
        images = self.ec2.describe_images(
            Owners=["amazon"],
            Filters=[{"Name": "name", "Values": ["al2023-ami-2023.*-kernel-6.1-x86_64"]}],
        )["Images"]
        self.image: str = max(images, key=itemgetter("CreationDate"))["ImageId"]
        self.template: str = self.ec2.create_launch_template(
            LaunchTemplateName=self.name, LaunchTemplateData=self.data("one")
        )["LaunchTemplate"]["LaunchTemplateId"]

    def data(self, release: str) -> dict[str, Any]:
        return {
            "ImageId": self.image,
            "InstanceType": "t3.small",
            "UserData": base64.b64encode(f"#!/bin/bash\n# {release}\nexec python3 -c '{SERVER}'\n".encode()).decode(),
            "MetadataOptions": {
                "HttpTokens": "required",
                "HttpPutResponseHopLimit": 1,
                "InstanceMetadataTags": "enabled",
            },
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 16, "VolumeType": "gp3", "Encrypted": True}}
            ],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "release", "Value": release}]}],
        }

    def version(self, release: str) -> str:
        """Another version of the launch template."""
        created = self.ec2.create_launch_template_version(
            LaunchTemplateId=self.template, LaunchTemplateData=self.data(release)
        )["LaunchTemplateVersion"]
        return str(created["VersionNumber"])

    def source(self, version: str) -> dict[str, str]:
        return {"LaunchTemplateId": self.template, "Version": version}

    def create(
        self, *, size: int = 3, largest: int = 9, hook: str | None = None, version: str = "1", **more: object
    ) -> None:
        hooks = [
            {
                "LifecycleHookName": hook,
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                "HeartbeatTimeout": 60,
                "DefaultResult": "ABANDON",
            }
        ]
        self.scaling.create_auto_scaling_group(
            **{
                "AutoScalingGroupName": self.name,
                **({} if "MixedInstancesPolicy" in more else {"LaunchTemplate": self.source(version)}),
                "MinSize": 0,
                "MaxSize": largest,
                "DesiredCapacity": size,
                "VPCZoneIdentifier": ",".join(self.subnets),
                "TargetGroupARNs": [self.target_group],
                "HealthCheckType": "ELB",
                "HealthCheckGracePeriod": self.aws.grace,
                "Tags": [{"Key": "team", "Value": "shop", "PropagateAtLaunch": True}],
                **({"LifecycleHookSpecificationList": hooks} if hook else {}),
                **more,
            }
        )

    @property
    def group(self) -> dict[str, Any]:
        return self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"][0]

    @property
    def instances(self) -> list[dict[str, Any]]:
        return self.group["Instances"]

    def in_service(self, count: int, version: str | None = None) -> bool:
        """Whether just `count` instances are in the group, in service and of that version."""
        instances = self.instances
        states = {i["LifecycleState"] for i in instances}
        versions = {i["LaunchTemplate"]["Version"] for i in instances}
        return (
            len(instances) == count
            and states == ({"InService"} if count else set())
            and (version is None or versions == {version})
        )

    def refresh(self, version: str, **preferences: object) -> str:
        """Starts an instance refresh that launches first and returns its id."""
        chosen: dict[str, object] = {
            "MinHealthyPercentage": 100,
            "MaxHealthyPercentage": 200,
            "InstanceWarmup": 0,
            **preferences,
        }
        return self.scaling.start_instance_refresh(
            AutoScalingGroupName=self.name,
            DesiredConfiguration={"LaunchTemplate": self.source(version)},
            Preferences={k: v for k, v in chosen.items() if v is not None},
        )["InstanceRefreshId"]

    @property
    def latest(self) -> dict[str, Any]:
        """The newest instance refresh."""
        return self.scaling.describe_instance_refreshes(AutoScalingGroupName=self.name)["InstanceRefreshes"][0]

    @property
    def activities(self) -> list[dict[str, Any]]:
        return self.scaling.describe_scaling_activities(AutoScalingGroupName=self.name)["Activities"]

    def health(self) -> dict[str, str]:
        """{instance id: state} of the target group."""
        described = self.elb.describe_target_health(TargetGroupArn=self.target_group)
        return {d["Target"]["Id"]: d["TargetHealth"]["State"] for d in described["TargetHealthDescriptions"]}

    def delete(self) -> None:
        self.scaling.delete_auto_scaling_group(AutoScalingGroupName=self.name, ForceDelete=True)
