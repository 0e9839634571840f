"""The provider under the real engine: every type through up, refresh, preview, update and destroy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.provider.registry import RESOURCES
from tests.sandbox.provider.conftest import Clients, Stacks

PROGRAM = Path(__file__).with_name("everything.py")


@pytest.mark.engine
@pytest.mark.sandbox
def test_every_type_lives_a_whole_life(stack: Stacks, aws: Clients):
    """Up, no drift and no change after it, drift by hand is found, an update in place, and nothing left at the end."""
    zone = aws("route53").create_hosted_zone(Name="example.com", CallerReference="everything")["HostedZone"]
    acl = aws("wafv2").create_web_acl(
        Name="web",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "web"},
    )["Summary"]["ARN"]
    everything = stack(PROGRAM, GENERATION="1", ZONE=zone["Id"].rsplit("/", 1)[1], WEB_ACL=acl)
    everything.run("up", "--yes", "--skip-preview")
    resources = json.loads(everything.run("stack", "export"))["deployment"]["resources"]
    assert {resource["type"] for resource in resources} >= set(RESOURCES)
    outputs = next(r["outputs"] for r in resources if r["type"] == "pulumi:pulumi:Stack")

    everything.run("preview", "--refresh", "--expect-no-changes")

    aws("ec2").create_tags(Resources=[outputs["vpc"]], Tags=[{"Key": "Name", "Value": "by hand"}])
    aws("elbv2").modify_target_group(TargetGroupArn=outputs["target"], HealthCheckPath="/by-hand")
    everything.environment["GENERATION"] = "2"
    said = everything.run("up", "--yes", "--skip-preview", "--refresh", "--diff")
    assert "by hand" in said
    assert "/by-hand" in said
    assert "replaced" not in said
    assert "[secret]" in said

    everything.run("destroy", "--yes", "--skip-preview")
    assert not aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert not aws("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
