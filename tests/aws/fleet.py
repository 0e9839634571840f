"""A fleet made with boto3, as the tests need it."""

import base64

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

    def __init__(self, aws, *, zones=3, delay="0"):
        self.aws = aws
        self.ec2, self.elb = aws.client("ec2"), aws.client("elbv2")
        self.scaling = aws.client("autoscaling")
        self.name = aws.name()
        vpc = self.ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        names = [z["ZoneName"] for z in self.ec2.describe_availability_zones()["AvailabilityZones"]]
        self.subnets = [
            self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{i}.0/24", AvailabilityZone=names[i])["Subnet"][
                "SubnetId"
            ]
            for i in range(zones)
        ]
        self.balancer = self.elb.create_load_balancer(
            Name=self.name,
            Subnets=self.subnets,
            Scheme="internal",  # so that it needs no way to the internet
        )["LoadBalancers"][0]
        self.target_group = self.elb.create_target_group(
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
        self.listener = self.elb.create_listener(
            LoadBalancerArn=self.balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group}],
        )["Listeners"][0]["ListenerArn"]
        images = self.ec2.describe_images(
            Owners=["amazon"],
            Filters=[{"Name": "name", "Values": ["al2023-ami-2023.*-kernel-6.1-x86_64"]}],
        )["Images"]
        self.image = max(images, key=lambda i: i["CreationDate"])["ImageId"]
        self.template = self.ec2.create_launch_template(
            LaunchTemplateName=self.name, LaunchTemplateData=self.data("one")
        )["LaunchTemplate"]["LaunchTemplateId"]

    def data(self, release):
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

    def version(self, release):
        """Another version of the launch template."""
        created = self.ec2.create_launch_template_version(
            LaunchTemplateId=self.template, LaunchTemplateData=self.data(release)
        )["LaunchTemplateVersion"]
        return str(created["VersionNumber"])

    def source(self, version):
        return {"LaunchTemplateId": self.template, "Version": version}

    def create(self, *, size=3, largest=9, hook=None, version="1", **more):
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
                "LaunchTemplate": self.source(version),
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
    def group(self):
        return self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"][0]

    @property
    def instances(self):
        return self.group["Instances"]

    def in_service(self, count, version=None):
        """Whether just `count` instances are in the group, in service and of that version."""
        instances = self.instances
        states = {i["LifecycleState"] for i in instances}
        versions = {i["LaunchTemplate"]["Version"] for i in instances}
        return (
            len(instances) == count
            and states == ({"InService"} if count else set())
            and (version is None or versions == {version})
        )

    def refresh(self, version, **preferences):
        """Starts an instance refresh that launches first and returns its id."""
        chosen = {
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
    def latest(self):
        """The newest instance refresh."""
        return self.scaling.describe_instance_refreshes(AutoScalingGroupName=self.name)["InstanceRefreshes"][0]

    @property
    def activities(self):
        return self.scaling.describe_scaling_activities(AutoScalingGroupName=self.name)["Activities"]

    def health(self):
        """{instance id: state} of the target group."""
        described = self.elb.describe_target_health(TargetGroupArn=self.target_group)
        return {d["Target"]["Id"]: d["TargetHealth"]["State"] for d in described["TargetHealthDescriptions"]}

    def delete(self):
        self.scaling.delete_auto_scaling_group(AutoScalingGroupName=self.name, ForceDelete=True)
