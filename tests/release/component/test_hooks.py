"""From a group's inputs, as the engine hands them to a hook, to what StartInstanceRefresh takes."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from release.component.instances import desired_configuration
from release.rollout.observed import Template
from release.rollout.shapes import configured_template

ONE = {"launchTemplate": {"id": "lt-1", "version": "7", "__defaults": []}}
MIXED = {
    "mixedInstancesPolicy": {
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": "lt-1", "version": "7", "__defaults": []},
            "overrides": [{"instanceType": "t3.small", "__defaults": []}, {"instanceType": "t3a.small"}],
            "__defaults": [],
        },
        "instancesDistribution": {
            "__defaults": [],
            "onDemandAllocationStrategy": "prioritized",
            "onDemandPercentageAboveBaseCapacity": 100.0,
        },
    }
}


@pytest.mark.parametrize("inputs", [ONE, MIXED])
def test_the_api_takes_what_is_made_of_the_inputs(inputs: dict[str, Any]):
    """botocore's model of DesiredConfiguration accepts it.

    The engine's numbers are floats, the API's are not; and pulumi-aws adds `__defaults` to each object that it checks.
    """
    desired, template = desired_configuration(inputs)
    model = botocore.session.get_session().get_service_model("autoscaling")
    validate_parameters(desired, model.shape_for("DesiredConfiguration"))
    assert template == configured_template(desired) == Template(id="lt-1", version="7")


def test_every_type_of_a_mixed_group_is_kept():
    """A refresh with fewer types would change the group's capacity behind the stack's back."""
    policy = desired_configuration(MIXED)[0]["MixedInstancesPolicy"]
    assert policy["LaunchTemplate"]["Overrides"] == [{"InstanceType": "t3.small"}, {"InstanceType": "t3a.small"}]
    assert policy["InstancesDistribution"] == {
        "OnDemandAllocationStrategy": "prioritized",
        "OnDemandPercentageAboveBaseCapacity": 100,
    }
