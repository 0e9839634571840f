"""Tests of release/preview/telling.py."""

from __future__ import annotations

from typing import Any

import pytest

from release.preview import telling
from release.preview.steps import UNKNOWN
from tests.release.preview.builders import POLICY, step

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


@pytest.mark.parametrize(
    ("kind", "inputs", "said"),
    [
        (
            INGRESS,
            {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
            "tcp 443 from 0.0.0.0/0",
        ),
        (INGRESS, {"cidrIpv6": "::/0", "ipProtocol": "-1"}, "everything from ::/0"),
        (
            EGRESS,
            {"referencedSecurityGroupId": UNKNOWN, "ipProtocol": "tcp", "fromPort": 80, "toPort": 90},
            "tcp 80-90 to another part of this stack",
        ),
        (
            "aws:lb/listenerRule:ListenerRule",
            {"conditions": [{"hostHeader": {"values": ["a.b"]}}, {"pathPattern": {"values": ["/x/*", "/y"]}}]},
            "a.b, /x/*, /y",
        ),
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/20"}, "10.0.0.0/20"),
        ("aws:ec2/subnet:Subnet", {}, ""),
        (POLICY, {"name": "x"}, ""),
    ],
)
def test_what_is_told(kind: str, inputs: dict[str, Any], said: str):
    """Whom a rule lets in, what a route takes; of what is deleted, what it did."""
    assert telling.of(step(op="create", kind=kind, new=inputs)) == said
    assert telling.of(step(op="delete", kind=kind, old=inputs)) == said
