"""Fleets: the Auto Scaling groups, and what a rollout relies on in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.resource import UNKNOWN, Json, Resource, Stack, blocks, known, many, may_be
from policy.rule import Rules
from policy.rules import types

rules = Rules()
_LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
_JOB_TAG = "slipway:job"


def specification(group: Resource) -> Json:
    """Return which launch template, and which version, a group launches from; None if it is none."""
    mixed = group.get("mixedInstancesPolicy.launchTemplate.launchTemplateSpecification")
    return mixed or group.get("launchTemplate")


def overrides(group: Resource) -> tuple[Mapping[str, Json], ...]:
    """Return the instance types, or what stands for them, of a group that launches several."""
    return tuple(blocks(group.get("mixedInstancesPolicy.launchTemplate.overrides")))


def is_job(group: Resource) -> bool:
    """Return whether a group is one of scheduled work: it serves nobody, has one instance at most, is not rolled out.

    Its instance is there for one command, which says in the log group how it ended.
    """
    tagged = any(tag.get("key") == _JOB_TAG for tag in blocks(group.get("tags")))
    return tagged and group.get("maxSize") == 1 and not many(group.get("targetGroupArns"))


@rules.alone(
    "fleet-launch-template",
    "A fleet launches from a launch template",
    types=[types.FLEET],
    controls=["CKV_AWS_315", "AutoScaling.9"],
    level="mandatory",
    fix="set launchTemplate or mixedInstancesPolicy, and no launchConfiguration",
)
def launch_template(group: Resource) -> Iterator[str]:
    if not specification(group):
        yield "it has no launch template, so it can't be rolled out or back"


@rules.alone(
    "fleet-template-version",
    "A fleet names the number of its launch template's version",
    types=[types.FLEET],
    controls=[],
    level="mandatory",
    fix="set the version to the template's latestVersion, a number",
)
def template_version(group: Resource) -> Iterator[str]:
    """By the rules of StartInstanceRefresh: with $Latest or $Default there is nothing to roll back to."""
    named = [specification(group), *(override.get("launchTemplateSpecification") for override in overrides(group))]
    for version in (each.get("version", "$Default") for each in blocks(named)):
        if known(version) and not str(version).isdecimal():
            yield f"the version {version} follows the template, which rules rollback out"


@rules.alone(
    "fleet-health-percentages",
    "A fleet says how far it may shrink and grow while instances are replaced",
    types=[types.FLEET],
    controls=[],
    level="mandatory",
    fix="set rollout.minHealthyPercentage and rollout.maxHealthyPercentage (instanceMaintenancePolicy)",
)
def health_percentages(group: Resource) -> Iterator[str]:
    """Without both, Auto Scaling takes an instance away before there is another: its default is 90 to 100 %."""
    missing = [
        side
        for side in ("minHealthyPercentage", "maxHealthyPercentage")
        if group.get(f"instanceMaintenancePolicy.{side}") is None
    ]
    if missing and not is_job(group):
        yield f"instanceMaintenancePolicy does not set {' and '.join(missing)}"


@rules.alone(
    "fleet-desired-capacity",
    "Auto Scaling alone decides how many instances run",
    types=[types.FLEET],
    controls=[],
    level="mandatory",
    fix="leave desiredCapacity out; minSize and maxSize bound what scaling decides",
)
def desired_capacity(group: Resource) -> Iterator[str]:
    if group.get("desiredCapacity") is not None:
        yield "it sets the desired capacity, so each deploy would undo what scaling decided"


@rules.whole(
    "fleet-zones",
    "A fleet runs in two zones at least",
    types=[types.FLEET],
    controls=["AutoScaling.2"],
    level="mandatory",
    fix="set network.zones to two at least",
)
def zones(group: Resource, stack: Stack) -> Iterator[str]:
    subnets = stack.behind(group, "vpcZoneIdentifiers", types.SUBNET)
    found = {subnet.get("availabilityZone") for subnet in subnets} or set(many(group.get("vpcZoneIdentifiers")))
    if len(found) < 2 and UNKNOWN not in found:
        yield "it ends with its only zone"


@rules.alone(
    "fleet-balancer-health",
    "A fleet replaces what the load balancer calls unhealthy",
    types=[types.FLEET],
    controls=["AutoScaling.1"],
    level="mandatory",
    fix="set healthCheckType to ELB",
)
def balancer_health(group: Resource) -> Iterator[str]:
    if group.get("targetGroupArns") and not may_be(group.get("healthCheckType"), "ELB"):
        yield "an instance whose app has died stays, as EC2 sees nothing wrong with it"


@rules.alone(
    "fleet-instance-types",
    "A fleet can run on several instance types",
    types=[types.FLEET],
    controls=["AutoScaling.6"],
    level="advisory",
    fix="name several in instanceTypes: a zone that has run out of one may have another",
)
def instance_types(group: Resource) -> Iterator[str]:
    given = group.get("mixedInstancesPolicy.launchTemplate.overrides")
    if given != UNKNOWN and len(many(given)) < 2:
        yield "it can run on one instance type only"


@rules.alone(
    "fleet-instance-requirements",
    "A fleet names its instance types, and no attributes of them",
    types=[types.FLEET],
    controls=[],
    level="mandatory",
    fix="name types in instanceTypes",
)
def instance_requirements(group: Resource) -> Iterator[str]:
    """StartInstanceRefresh takes no desired configuration with them, so no release could be rolled out."""
    if any(override.get("instanceRequirements") for override in overrides(group)):
        yield "it selects instances by attributes, with which Auto Scaling takes no desired configuration"


@rules.alone(
    "fleet-boot-hook",
    "An instance that has not proved its release goes",
    types=[types.FLEET],
    controls=[],
    level="mandatory",
    fix="give it an initial lifecycle hook of launches whose default result is ABANDON",
)
def boot_hook(group: Resource) -> Iterator[str]:
    given = group.get("initialLifecycleHooks")
    launching = [hook for hook in blocks(given) if may_be(hook.get("lifecycleTransition"), _LAUNCHING)]
    if is_job(group):
        return
    if UNKNOWN not in many(given) and not any(may_be(hook.get("defaultResult"), "ABANDON") for hook in launching):
        yield "an instance that never answers is taken into service when the time is up"


@rules.alone(
    "fleet-tags",
    "A fleet tags its instances",
    types=[types.FLEET],
    controls=["CKV_AWS_153"],
    level="advisory",
    fix="give the group tags with propagateAtLaunch",
)
def tags(group: Resource) -> Iterator[str]:
    given = many(group.get("tags"))
    if UNKNOWN not in given and not any(tag.get("propagateAtLaunch") for tag in blocks(given)):
        yield "its instances have no tags, so nothing tells whose they are"
