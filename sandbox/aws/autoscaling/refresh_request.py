"""Reads StartInstanceRefresh's input, and refuses what the API refuses."""

from collections.abc import Mapping
from typing import Any, TypeVar

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException

from sandbox.aws.autoscaling.configuration import Configuration
from sandbox.aws.autoscaling.exceptions import ValidationError
from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.refresh import Preferences

Shape = Mapping[str, Any]
D = TypeVar("D", int, None)
DEFAULT_MIN_HEALTHY = 90
LONGEST = 172800


def read_desired(group: Group, shape: Shape | None) -> Configuration | None:
    """Read the desired configuration, and check that EC2 knows its template and version.

    Raises:
        ValidationError: it is neither a template nor a policy, or EC2 doesn't know it.
    """
    desired = Configuration.parse(shape)
    if desired:
        try:
            desired.resolve(group.ec2)
        except ServiceException as error:
            raise ValidationError(f"You must use a valid fully-formed launch template. {error.message}") from error
    return desired


def read_preferences(group: Group, shape: Shape | None, desired: Configuration | None) -> Preferences:
    """Read the preferences, completed with the group's and the API's defaults.

    Raises:
        ValidationError: a value is out of its range, or two contradict each other.
    """
    given = shape or {}
    policy = group.instance_maintenance_policy or {}
    minimum, maximum = given.get("MinHealthyPercentage"), given.get("MaxHealthyPercentage")
    if maximum is not None and minimum is None:
        raise ValidationError("You must specify MinHealthyPercentage when you specify MaxHealthyPercentage.")
    if minimum is None:
        minimum = _set_or(policy.get("MinHealthyPercentage"), DEFAULT_MIN_HEALTHY)
        maximum = _set_or(policy.get("MaxHealthyPercentage"), None)
    _check_range("MinHealthyPercentage", minimum, 0, 100)
    _check_range("MaxHealthyPercentage", maximum, 100, 200)
    if maximum is not None and maximum - minimum > 100:
        raise ValidationError(
            "The difference between MaxHealthyPercentage and MinHealthyPercentage cannot be greater than 100."
        )
    alarms = tuple((given.get("AlarmSpecification") or {}).get("Alarms") or ())
    if len(alarms) > 10:
        raise ValidationError("You can specify up to 10 alarms in the AlarmSpecification.")
    preferences = Preferences(
        min_healthy=int(minimum),
        max_healthy=maximum,
        warmup=_warmup(group, given),
        skip_matching=bool(given.get("SkipMatching", False)),
        auto_rollback=bool(given.get("AutoRollback", False)),
        alarms=alarms,
        bake_time=int(given.get("BakeTime") or 0),
        checkpoints=_checkpoints(given),
        checkpoint_delay=int(_set_or(given.get("CheckpointDelay"), 3600)),
        protected=_one_of(given, "ScaleInProtectedInstances", ("Refresh", "Ignore", "Wait")),
        standby=_one_of(given, "StandbyInstances", ("Terminate", "Ignore", "Wait")),
    )
    _check_range("BakeTime", preferences.bake_time, 0, LONGEST)
    _check_range("CheckpointDelay", preferences.checkpoint_delay, 0, LONGEST)
    if preferences.auto_rollback:
        problem = irreversible(group, desired)
        if problem:
            raise ValidationError(f"AutoRollback cannot be set to true: {problem}")
    return preferences


def check_alarms(group: Group, preferences: Preferences) -> None:
    """Refuse alarms that are not OK (EC2 Auto Scaling user guide, "Use CloudWatch alarms with auto rollback").

    Raises:
        ValidationError: one is in ALARM or INSUFFICIENT_DATA, or not there.
    """
    alarms = cloudwatch_backends[group.account_id][group.region].alarms
    states = {name: alarms[name].state_value if name in alarms else "not found" for name in preferences.alarms}
    bad = [f"{name} is {value}" for name, value in states.items() if value != "OK"]
    if bad:
        raise ValidationError(f"The alarms of an instance refresh must be in the OK state: {', '.join(bad)}")


def irreversible(group: Group, desired: Configuration | None) -> str | None:
    """Return why a refresh to `desired` could not be rolled back, or None if it could."""
    if desired is None:
        return "a desired configuration was not found."
    if group.configuration.floats or desired.floats:
        return "the launch template version must be a number, not $Latest or $Default."
    if group.configuration.resolve(group.ec2).template.image_id.startswith("resolve:ssm:"):
        return "the launch template uses a Systems Manager parameter instead of an AMI ID."
    return None


def _warmup(group: Group, given: Shape) -> int:
    fallback = _set_or(group.default_instance_warmup, group.health_check_grace_period or 0)
    warmup = int(_set_or(given.get("InstanceWarmup"), fallback))
    _check_range("InstanceWarmup", warmup, 0, None)
    return warmup


def _checkpoints(given: Shape) -> tuple[int, ...]:
    percentages = tuple(int(p) for p in given.get("CheckpointPercentages") or ())
    if given.get("CheckpointDelay") is not None and not percentages:
        raise ValidationError("You must specify CheckpointPercentages when you specify CheckpointDelay.")
    if list(percentages) != sorted(set(percentages)) or any(not 0 < p <= 100 for p in percentages):
        raise ValidationError("CheckpointPercentages must be unique, in ascending order, and between 1 and 100.")
    return percentages


def _set_or(value: int | None, default: D) -> int | D:
    """Return `value`, or `default` if it is absent; -1 is how the API clears a policy's percentage."""
    return default if value is None or value == -1 else value


def _one_of(given: Shape, name: str, values: tuple[str, ...]) -> str:
    value = given.get(name) or "Wait"
    if value not in values:
        raise ValidationError(f"{name} must be one of {', '.join(values)}, is {value}")
    return str(value)


def _check_range(name: str, value: int | None, low: int, high: int | None) -> None:
    if value is not None and (value < low or (high is not None and value > high)):
        wanted = f"between {low} and {high}" if high is not None else f"at least {low}"
        raise ValidationError(f"{name} must be {wanted}, is {value}")
