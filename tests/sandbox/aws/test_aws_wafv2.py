"""Which web ACL a load balancer has."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.aws.emulator import Emulator

pytestmark = pytest.mark.sandbox


def web_acl(aws: Emulator) -> str:
    """A web ACL; its ARN."""
    made = aws.client("wafv2").create_web_acl(
        Name=aws.name(),
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"},
    )
    return str(made["Summary"]["ARN"])


def balancer(aws: Emulator) -> str:
    """A load balancer; its ARN."""
    ec2 = aws.client("ec2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    made = aws.client("elbv2").create_load_balancer(Name=aws.name()[:32], Subnets=subnets)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def test_a_balancer_has_one_web_acl(aws: Emulator):
    """Another one takes its place, and none is left once it is disassociated."""
    wafv2, arn = aws.client("wafv2"), balancer(aws)
    for acl in (web_acl(aws), web_acl(aws)):
        wafv2.associate_web_acl(WebACLArn=acl, ResourceArn=arn)
        assert wafv2.get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["ARN"] == acl
    wafv2.disassociate_web_acl(ResourceArn=arn)
    assert "WebACL" not in wafv2.get_web_acl_for_resource(ResourceArn=arn)


def test_both_have_to_be_there(aws: Emulator):
    """A balancer that is gone takes no web ACL, and no other one is looked for."""
    wafv2, arn, acl = aws.client("wafv2"), balancer(aws), web_acl(aws)
    for missing in ({"WebACLArn": acl, "ResourceArn": f"{arn}0"}, {"WebACLArn": f"{acl}0", "ResourceArn": arn}):
        with pytest.raises(ClientError) as refused:
            wafv2.associate_web_acl(**missing)
        assert refused.value.response["Error"]["Code"] == "WAFNonexistentItemException"
