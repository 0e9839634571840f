"""What a group, or an instance refresh, launches instances from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplateVersion

from sandbox.aws.autoscaling.exceptions import ValidationError
from sandbox.aws.ec2.models import SandboxEC2Backend


@dataclass(frozen=True)
class LaunchSource:
    """A launch template version and the instance type that goes with it."""

    template: LaunchTemplateVersion
    instance_type: str

    @property
    def specification(self) -> dict[str, str]:
        """Return the LaunchTemplateSpecification with the concrete version number, as instances show it."""
        return {
            "LaunchTemplateId": self.template.template.id,
            "LaunchTemplateName": self.template.template.name,
            "Version": str(self.template.number),
        }


@dataclass(frozen=True)
class Configuration:
    """Either a launch template or a mixed instances policy, in the API's shapes."""

    launch_template: Mapping[str, Any] | None = None
    mixed_instances_policy: Mapping[str, Any] | None = None

    @classmethod
    def parse(cls, shape: Mapping[str, Any] | None) -> "Configuration | None":
        """Read the API's DesiredConfiguration; None where nothing is given.

        Raises:
            ValidationError: it has both, or neither.
        """
        if not shape:
            return None
        template, policy = shape.get("LaunchTemplate"), shape.get("MixedInstancesPolicy")
        if bool(template) == bool(policy):
            raise ValidationError(
                "You must specify either a LaunchTemplate or a MixedInstancesPolicy in the DesiredConfiguration."
            )
        return cls(template, policy)

    @property
    def specification(self) -> Mapping[str, Any]:
        """Return the LaunchTemplateSpecification, wherever it is in the shape."""
        if self.launch_template:
            return self.launch_template
        policy = self.mixed_instances_policy or {}
        return (policy.get("LaunchTemplate") or {}).get("LaunchTemplateSpecification") or {}

    @property
    def version(self) -> str:
        """Return the version as it was given; `$Default` where none was."""
        return str(self.specification.get("Version") or "$Default")

    @property
    def floats(self) -> bool:
        """Return whether the version is `$Latest` or `$Default`, which can change meaning at any time."""
        return self.version.startswith("$")

    @property
    def instance_types(self) -> tuple[str, ...]:
        """Return the overrides' types, in order of preference."""
        policy = self.mixed_instances_policy or {}
        overrides = (policy.get("LaunchTemplate") or {}).get("Overrides") or []
        return tuple(o["InstanceType"] for o in overrides if o.get("InstanceType"))

    def on_demand(self, size: int) -> int:
        """Return how many of `size` instances are on demand; a fraction of one is rounded up, in favour of them.

        Source: EC2 Auto Scaling user guide, "Controlling the proportion of On-Demand instances".
        """
        given = (self.mixed_instances_policy or {}).get("InstancesDistribution") or {}
        base, share = given.get("OnDemandBaseCapacity"), given.get("OnDemandPercentageAboveBaseCapacity")
        first = min(size, int(base or 0))
        return first + -(-(size - first) * (100 if share is None else int(share)) // 100)

    def resolve(self, ec2: SandboxEC2Backend) -> LaunchSource:
        """Return the template version it resolves to now and its first instance type (none is ever sold out here).

        Raises:
            InvalidLaunchTemplate...: EC2 doesn't know the template or the version.
        """
        given = self.specification
        if given.get("LaunchTemplateId"):
            template = ec2.get_launch_template(given["LaunchTemplateId"])
        else:
            template = ec2.get_launch_template_by_name(given.get("LaunchTemplateName", ""))
        version = template.get_version(self.version)
        preferred = next(iter(self.instance_types), None)
        return LaunchSource(version, preferred or version.instance_type or "t3.micro")

    def matches(self, ec2: SandboxEC2Backend, specification: Mapping[str, str], instance_type: str) -> bool:
        """Return whether an instance with that template version and type is what this would launch."""
        source = self.resolve(ec2)
        types = self.instance_types or (source.instance_type,)
        same = (specification["LaunchTemplateId"], specification["Version"]) == (
            source.specification["LaunchTemplateId"],
            source.specification["Version"],
        )
        return same and instance_type in types

    def describe(self) -> dict[str, Any]:
        """Return the API's DesiredConfiguration."""
        shape = {"LaunchTemplate": self.launch_template, "MixedInstancesPolicy": self.mixed_instances_policy}
        return {key: dict(value) for key, value in shape.items() if value}
