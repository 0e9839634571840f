"""Which instances a group launches: of which types, on demand or spot. As Pulumi has it, and for the API.

The API's side of it is release/rollout/shapes.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from release.component.launch_template import LaunchTemplate
from release.rollout import shapes
from release.rollout.distribution import Distribution
from release.rollout.observed import Template


def arguments(template: LaunchTemplate, types: Sequence[str], distribution: Distribution | None) -> dict[str, Any]:
    """Return the arguments of aws.autoscaling.Group that say what it launches.

    Of several types it is on-demand instances of the first one that can be had, in their order. With a distribution,
    a spot instance at risk is replaced before EC2 takes it, as far as EC2 tells in time (Capacity Rebalancing).
    """
    if len(types) == 1 and distribution is None:
        return {"launch_template": {"id": template.id, "version": template.version}}
    spread: aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgsDict = {
        "on_demand_allocation_strategy": "prioritized",
        "on_demand_percentage_above_base_capacity": distribution.percentage if distribution else 100,
    }
    if distribution:
        spread["on_demand_base_capacity"] = distribution.base
        spread["spot_allocation_strategy"] = distribution.spot
    policy: aws.autoscaling.GroupMixedInstancesPolicyArgsDict = {
        "launch_template": {
            "launch_template_specification": {"launch_template_id": template.id, "version": template.version},
            "overrides": [{"instance_type": name} for name in types],
        },
        "instances_distribution": spread,
    }
    return {"mixed_instances_policy": policy} | ({"capacity_rebalance": True} if distribution else {})


def desired_configuration(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], Template]:
    """Return a group's inputs, as the engine has them, as DesiredConfiguration of the API, and the template in it."""
    mixed = inputs.get("mixedInstancesPolicy")
    if not mixed:
        template = _named(inputs["launchTemplate"], "id")
        return {"LaunchTemplate": shapes.specification(template)}, template
    launch = mixed["launchTemplate"]
    template = _named(launch["launchTemplateSpecification"], "launchTemplateId")
    policy: dict[str, Any] = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": shapes.specification(template),
            "Overrides": [{"InstanceType": override["instanceType"]} for override in launch.get("overrides", [])],
        }
    }
    if distribution := mixed.get("instancesDistribution"):
        # The engine's numbers are floats, the API's are integers; pulumi-aws adds `__defaults` to each object.
        policy["InstancesDistribution"] = {
            key[0].upper() + key[1:]: int(value) if isinstance(value, float) else value
            for key, value in distribution.items()
            if not key.startswith("__")
        }
    return {"MixedInstancesPolicy": policy}, template


def templates(group: aws.autoscaling.Group) -> list[pulumi.Output[Template | None]]:
    """Return the template that a group has, at each of the two places where it may be named; None where it is not.

    Each is an output by itself: in a preview, what a group does not have is not known either.
    """
    mixed = group.mixed_instances_policy.apply(
        lambda shown: (
            _named(shown.launch_template.launch_template_specification, "launch_template_id") if shown else None
        )
    )
    return [mixed, group.launch_template.apply(lambda shown: _named(shown, "id") if shown else None)]


def _named(given: Any, id_field: str) -> Template:  # noqa: ANN401 - the engine's inputs, or a type of pulumi-aws
    return Template(id=str(given[id_field]), version=str(given["version"]))
