"""Two launch template versions are the same where they mean the same."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.rollout.templates import meaning

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
