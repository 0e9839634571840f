"""What people change by hand in EC2 and Auto Scaling, as the API references describe it: moto lacks parts of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.emulator import Emulator

pytestmark = pytest.mark.sandbox
CHANGE: Any = {"ScalingAdjustment": 1, "AdjustmentType": "ChangeInCapacity"}


def test_a_version_that_is_made_from_another_one(aws: Emulator):
    """CreateLaunchTemplateVersion with SourceVersion: what is not given is the source's, without its description."""
    ec2, name = aws.client("ec2"), aws.name()
    data: Any = {"ImageId": "ami-12c6146b", "InstanceType": "t3.small", "Monitoring": {"Enabled": True}}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data, VersionDescription="Release a")
    made = ec2.create_launch_template_version(
        LaunchTemplateName=name, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}
    )["LaunchTemplateVersion"]
    assert made["LaunchTemplateData"] == {**data, "InstanceType": "t3.large"}
    (seen,) = ec2.describe_launch_template_versions(LaunchTemplateName=name, Versions=["2"])["LaunchTemplateVersions"]
    assert seen["LaunchTemplateData"] == made["LaunchTemplateData"]
    assert not seen.get("VersionDescription")


def test_the_description_of_a_rule(aws: Emulator):
    """UpdateSecurityGroupRuleDescriptions…: of the rules that are named by their ids, and of no other."""
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName=aws.name(), Description="d")["GroupId"]
    ids: list[str] = []
    for port in (80, 443):
        ranges = [{"CidrIp": "0.0.0.0/0", "Description": "old"}]
        rule: Any = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}
        made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        ids.append(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=group, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": ids[0], "Description": "new"}]
    )
    seen = ec2.describe_security_group_rules(SecurityGroupRuleIds=ids)["SecurityGroupRules"]
    assert {rule["SecurityGroupRuleId"]: rule["Description"] for rule in seen} == {ids[0]: "new", ids[1]: "old"}


@pytest.fixture
def group(aws: Emulator) -> str:
    ec2, name = aws.client("ec2"), aws.name()
    data: Any = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    aws.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["eu-central-1a"],
    )
    return name


def test_the_metrics_of_a_group(aws: Emulator, group: str):
    """EnableMetricsCollection adds to them, DisableMetricsCollection takes from them; without names it is all."""
    scaling = aws.client("autoscaling")

    def collected() -> set[str]:
        shown = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"][0]
        return {each["Metric"] for each in shown["EnabledMetrics"]}

    for metric in ("GroupMinSize", "GroupMaxSize"):
        scaling.enable_metrics_collection(AutoScalingGroupName=group, Granularity="1Minute", Metrics=[metric])
    assert collected() == {"GroupMinSize", "GroupMaxSize"}
    scaling.disable_metrics_collection(AutoScalingGroupName=group, Metrics=["GroupMinSize"])
    assert collected() == {"GroupMaxSize"}
    scaling.enable_metrics_collection(AutoScalingGroupName=group, Granularity="1Minute")
    assert len(collected()) == 13
    scaling.disable_metrics_collection(AutoScalingGroupName=group)
    assert collected() == set()


def test_two_groups_have_policies_of_one_name(aws: Emulator, group: str):
    """A policy's name is its group's own: neither is in the other's way, and each is removed by itself."""
    scaling, other = aws.client("autoscaling"), aws.name()
    template: Any = {"LaunchTemplateName": group, "Version": "1"}
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=other, LaunchTemplate=template, MinSize=0, MaxSize=1, AvailabilityZones=["eu-central-1a"]
    )

    def named(of: str) -> list[str]:
        shown = scaling.describe_policies(AutoScalingGroupName=of, PolicyNames=["target-tracking"])["ScalingPolicies"]
        return [policy["PolicyName"] for policy in shown]

    for of in (group, other):
        scaling.put_scaling_policy(AutoScalingGroupName=of, PolicyName="target-tracking", **CHANGE)
    assert named(group) == named(other) == ["target-tracking"]
    scaling.delete_policy(AutoScalingGroupName=other, PolicyName="target-tracking")
    assert (named(group), named(other)) == (["target-tracking"], [])


def test_a_scaling_policy_that_is_switched_off(aws: Emulator, group: str):
    """PutScalingPolicy: a policy is enabled unless it says otherwise, and shown so."""
    scaling = aws.client("autoscaling")
    policy: Any = {"AutoScalingGroupName": group, "PolicyName": f"{group}-p", **CHANGE}

    def enabled() -> bool:
        return scaling.describe_policies(PolicyNames=[policy["PolicyName"]])["ScalingPolicies"][0]["Enabled"]

    scaling.put_scaling_policy(**policy)
    assert enabled() is True
    scaling.put_scaling_policy(**policy, Enabled=False)
    assert enabled() is False
