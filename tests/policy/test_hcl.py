"""policy/hcl.py: declared resources as HCL."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from policy import hcl
from policy.hcl import UnnamedTypeError
from policy.resource import UNKNOWN, Resource
from sandbox.provider.registry import RESOURCES


def resource(kind: str, name: str, depends: dict[str, tuple[str, ...]] | None = None, /, **props: Any) -> Resource:
    """A resource of aws:MODULE/TYPE."""
    return Resource(urn=f"urn::{name}", type=f"aws:{kind}", name=name, props=props, depends=depends or {})


def body(*resources: Resource) -> str:
    """What the last resource's block has in it, without indentation."""
    lines = hcl.convert(resources).text.rstrip().split("\n\n")[-1].splitlines()[1:-1]
    return "\n".join(line.strip() for line in lines)


VPC = resource("ec2/vpc:Vpc", "net", cidrBlock="10.0.0.0/16")


def test_a_resource_has_its_terraform_type_and_names():
    """camelCase becomes snake_case, and a logical name what HCL takes for one; a URN is found by the address."""
    made = hcl.convert([resource("ec2/vpc:Vpc", "net.1", enableDnsSupport=True, cidrBlock="10.0.0.0/16")])
    assert made.text == (
        'resource "aws_vpc" "net_1" {\n  enable_dns_support = true\n  cidr_block = "10.0.0.0/16"\n}\n\n'
    )
    assert made.urns == {"aws_vpc.net_1": "urn::net.1"}


def test_each_capital_was_a_word():
    """Also where one follows another."""
    told = body(resource("ec2/subnet:Subnet", "s", enableResourceNameDnsARecordOnLaunch=False, enableDns64=True))
    assert told == "enable_resource_name_dns_a_record_on_launch = false\nenable_dns64 = true"


def test_what_the_sandbox_can_deploy_can_be_checked():
    """A type that is added to its provider has its Terraform name too."""
    assert set(RESOURCES) <= set(hcl.TYPES)


def test_objects_are_blocks_and_lists_of_them_have_singular_names():
    """As the bridge makes plurals of what Terraform repeats."""
    told = body(
        resource(
            "s3/bucketReplicationConfig:BucketReplicationConfig",
            "r",
            rules=[{"id": "one", "destination": {"bucket": "b"}}, {"id": "two"}],
        )
    )
    assert told == 'rule {\nid = "one"\ndestination {\nbucket = "b"\n}\n}\nrule {\nid = "two"\n}'


@pytest.mark.parametrize(
    ("kind", "key", "block"),
    [
        ("lb/listener:Listener", "defaultActions", "default_action"),
        ("route53/record:Record", "failoverRoutingPolicies", "failover_routing_policy"),
        ("route53/record:Record", "aliases", "alias"),
        ("cloudwatch/metricAlarm:MetricAlarm", "metricQueries", "metric_query"),
        ("ec2/launchTemplate:LaunchTemplate", "blockDeviceMappings", "block_device_mappings"),
        ("ec2/launchTemplate:LaunchTemplate", "tagSpecifications", "tag_specifications"),
    ],
)
def test_the_names_of_blocks_are_terraforms(kind: str, key: str, block: str):
    """Each that the program declares, checked against the Terraform provider's documentation."""
    assert body(resource(kind, "r", None, **{key: [{"a": 1}]})) == f"{block} {{\na = 1\n}}"


def test_tags_and_lists_of_plain_values_are_values():
    """Tags have keys of the user's, and lists of ids their plural in Terraform too, but for one."""
    told = body(resource("autoscaling/group:Group", "g", vpcZoneIdentifiers=["a", "b"], targetGroupArns=[]))
    assert told == 'vpc_zone_identifier = ["a", "b"]\ntarget_group_arns = []'
    assert body(resource("ec2/vpc:Vpc", "v", tags={"slipway:stack": "s"})) == 'tags = {\n"slipway:stack" = "s"\n}'


def test_what_is_not_known_yet_refers_to_where_it_comes_from():
    """So that a tool sees which bucket a policy is of, and which group guards a balancer."""
    a, b = (resource("ec2/subnet:Subnet", name) for name in "ab")
    key = resource("kms/key:Key", "k")
    target = resource("lb/targetGroup:TargetGroup", "t")
    told = body(
        a,
        b,
        key,
        VPC,
        target,
        resource(
            "lb/loadBalancer:LoadBalancer",
            "r",
            {"subnets": (a.urn, b.urn), "vpcId": (VPC.urn,), "actions": (key.urn, target.urn)},
            subnets=[UNKNOWN, UNKNOWN],
            vpcId=UNKNOWN,
            actions=[{"targetGroupArn": UNKNOWN}],
            name=UNKNOWN,
        ),
    )
    assert told.splitlines() == [
        "subnets = [aws_subnet.a.id, aws_subnet.b.id]",
        "vpc_id = aws_vpc.net.id",
        "action {",
        "target_group_arn = aws_lb_target_group.t.arn",
        "}",
        'name = "known after the deploy"',
    ]


def test_a_text_can_begin_no_template():
    """IAM's variables look like HCL's, and quotes end a text."""
    assert body(resource("iam/policy:Policy", "p", policy='{"a": "${aws:username}%{x}\n"}')) == (
        r'policy = "{\"a\": \"$${aws:username}%%{x}\n\"}"'
    )


def test_user_data_can_be_read():
    """Tools look for secrets in it; what is not known yet stays so."""
    kind = "ec2/launchTemplate:LaunchTemplate"
    assert body(resource(kind, "t", userData="S0VZPWEK")) == r'user_data = "KEY=a\n"'
    sha = base64.b64encode(b"SHA=" + b"0123456789" * 4).decode()
    assert body(resource(kind, "t", userData=sha)) == 'user_data = "SHA=012345678901"'
    assert body(resource(kind, "t", userData=UNKNOWN)) == 'user_data = "known after the deploy"'


def test_a_certificate_is_made_before_the_old_one_goes():
    """As Pulumi does; Terraform would have to be told."""
    assert body(resource("acm/certificate:Certificate", "c")) == "lifecycle {\ncreate_before_destroy = true\n}"


def test_components_are_left_out_and_types_without_a_name_refused():
    """What can't be converted can't be checked, and is not passed over."""
    component = Resource(urn="u", type="slipway:fleet:Fleet", name="web", props={})
    assert hcl.convert([component]).text == ""
    with pytest.raises(UnnamedTypeError, match=r"aws:sqs/queue:Queue: add it to TYPES in policy/hcl\.py"):
        hcl.convert([resource("sqs/queue:Queue", "q")])
