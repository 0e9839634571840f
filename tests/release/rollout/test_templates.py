"""Two launch template versions are the same where they mean the same."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.rollout.observed import Template
from release.rollout.templates import Baked, Templates, meaning

DATA: dict[str, Any] = {
    "ImageId": "ami-1",
    "InstanceType": "t3.small",
    "UserData": "IyEvYmluL2Jhc2g=",
    "SecurityGroupIds": ["sg-1", "sg-2", "sg-3"],
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 16, "Encrypted": True}},
        {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 4, "Encrypted": True}},
    ],
    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    "Monitoring": {"Enabled": True},
    "TagSpecifications": [
        {"ResourceType": kind, "Tags": [{"Key": f"k{n}", "Value": f"v{n}"} for n in range(6)]}
        for kind in ("instance", "volume")
    ],
}


def shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        keys = order.sample(list(value), len(value))
        return {key: shuffled(value[key], order) for key in keys}
    if isinstance(value, list):
        return [shuffled(each, order) for each in order.sample(value, len(value))]
    return value


@given(st.randoms(use_true_random=False))
def test_order_means_nothing(order: random.Random):
    """pulumi-aws sends tags in another order each time."""
    assert meaning(shuffled(DATA, order)) == meaning(DATA)


@pytest.mark.parametrize(
    "change",
    [
        {"KeyName": None, "LicenseSpecifications": [], "CpuOptions": {}, "RamDiskId": ""},
        {"EbsOptimized": False, "DisableApiTermination": False, "InstanceInitiatedShutdownBehavior": "stop"},
        {"MetadataOptions": {**DATA["MetadataOptions"], "State": "applied"}},
        {"BlockDeviceMappings": [{**DATA["BlockDeviceMappings"][0], "NoDevice": None}, DATA["BlockDeviceMappings"][1]]},
        {"MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": "1"}},
    ],
)
def test_what_says_nothing_means_nothing(change: dict[str, Any]):
    """What EC2 takes anyway, or only says of itself."""
    assert meaning({**DATA, **change}) == meaning(DATA)


@pytest.mark.parametrize(
    "change",
    [
        {"ImageId": "ami-2"},
        {"UserData": "IyEvYmluL3No"},
        {"SecurityGroupIds": ["sg-1", "sg-2"]},
        {"SecurityGroupIds": ["sg-1", "sg-2", "sg-2"]},
        {"EbsOptimized": True},
        {"Monitoring": {"Enabled": False}},
        {"MetadataOptions": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 1}},
    ],
)
def test_what_differs_differs(change: dict[str, Any]):
    """Any of it makes other instances."""
    assert meaning({**DATA, **change}) != meaning(DATA)


@pytest.mark.parametrize(("where", "key", "value"), [(0, "Value", "other"), (5, "Key", "other")])
def test_a_tag_that_differs_differs(where: int, key: str, value: str):
    """The values belong to their keys."""
    data = copy.deepcopy(DATA)
    data["TagSpecifications"][1]["Tags"][where][key] = value
    assert meaning(data) != meaning(DATA)


def test_the_fleets_of_a_stack_may_ask_at_once(monkeypatch: pytest.MonkeyPatch):
    """They share what is known of launch templates, each from a thread of its own, and none trips over the others."""
    monkeypatch.setattr(Templates, "_shown", described)
    templates = Templates("eu-west-1")

    def ask(fleet: int) -> list[dict[Template, Baked]]:
        return [templates.baked([Template(id=f"lt-{fleet}", version=str(version))]) for version in range(1, 2000)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(ask, range(6)))
    finally:
        sys.setswitchinterval(interval)
    assert all(len(found) == 1 for answer in answers for found in answer)


def described(_: Templates, unknown: Iterable[Template]) -> dict[Template, dict[str, Any]]:
    """Stand in for DescribeLaunchTemplateVersions: each version has a release."""
    sha = "a" * 40
    return {each: {"VersionDescription": f"Release {sha}", "LaunchTemplateData": {}} for each in unknown}
