"""Checkov finds what is wrong in a stack that is declared by Pulumi: faults are planted in what prod declares."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policy import hcl, sources
from policy.resource import Resource
from sandbox.audit import checkov
from sandbox.paths import CHECKOUT

pytestmark = pytest.mark.reliability

ANYWHERE = {"Effect": "Allow", "Action": "*", "Resource": "*"}
KEYS = b"export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

FAULTS: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("network-public-eu-west-1a", {"mapPublicIpOnLaunch": True}, ("CKV_AWS_130",)),
    (
        "web-launch-template",
        {"metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "optional"}},
        ("CKV_AWS_79",),
    ),
    (
        "api-launch-template",
        {
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 2},
            "userData": base64.b64encode(KEYS).decode(),
        },
        ("CKV_AWS_341", "CKV_AWS_46"),
    ),
    (
        "balancer-balancer",
        {"dropInvalidHeaderFields": False, "enableDeletionProtection": False, "accessLogs": None},
        ("CKV_AWS_131", "CKV_AWS_150", "CKV_AWS_91"),
    ),
    ("balancer-https", {"sslPolicy": "ELBSecurityPolicy-TLS-1-0-2015-04"}, ("CKV_AWS_103", "CKV2_AWS_74")),
    ("balancer-in-443", {"fromPort": 22, "toPort": 22}, ("CKV_AWS_24",)),
    (
        "artifacts-store-public-access",
        {"blockPublicAcls": False, "blockPublicPolicy": False},
        ("CKV_AWS_53", "CKV_AWS_54"),
    ),
    ("network-flow-logs-log-group", {"retentionInDays": 30}, ("CKV_AWS_338",)),
    (
        "web-identity-policy",
        {"policy": json.dumps({"Version": "2012-10-17", "Statement": [ANYWHERE]})},
        ("CKV_AWS_286", "CKV_AWS_287", "CKV_AWS_288", "CKV_AWS_289"),
    ),
    ("network-default-security-group", {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0}]}, ("CKV2_AWS_12",)),
]
"""A resource's logical name, what is changed of it, and which checks are about that."""
NEIGHBOURS = {"CKV2_AWS_12": "network-vpc", "CKV2_AWS_6": "artifacts-store-bucket"}
"""Where a check reports another resource than the one that is wrong."""


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> tuple[Resource, ...]:
    """What Pulumi.prod.yaml declares, by the engine; all that is found in it, in dr and the workflows is explained."""
    folder = tmp_path_factory.mktemp("audit")
    command = [sys.executable, "-m", "sandbox.audit", "--keep", str(folder)]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return sources.parse(json.loads((folder / "prod" / "preview.json").read_text())).resources


def findings(resources: tuple[Resource, ...], folder: Path) -> set[tuple[str, str]]:
    """The checks that failed, and on what."""
    return {(each.id, each.resource) for each in checkov.check("prod", hcl.convert(resources), folder).findings}


def test_checkov_finds_each_fault(prod: tuple[Resource, ...], tmp_path: Path):
    """All planted at once; what it finds beside them is about the same resources."""
    by_name = {name: change for name, change, _ in FAULTS}
    broken = tuple(
        replace(each, props={**each.props, **by_name[each.name]}) if each.name in by_name else each for each in prod
    )
    assert len({each.name for each in prod} & by_name.keys()) == len(FAULTS)
    new = findings(broken, tmp_path / "broken") - findings(prod, tmp_path / "good")
    wanted = {(id_, NEIGHBOURS.get(id_, name)) for name, _, ids in FAULTS for id_ in ids}
    assert wanted <= new
    assert {name for _, name in new} <= by_name.keys() | set(NEIGHBOURS.values())
