"""A group: what it is configured to be, who is in it, and what it has done."""

from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from sandbox.aws.autoscaling.activities import ScalingActivity, timestamp
from sandbox.aws.autoscaling.configuration import Configuration
from sandbox.aws.autoscaling.hooks import Hook
from sandbox.aws.autoscaling.members import Member
from sandbox.aws.autoscaling.refresh import Refresh
from sandbox.aws.autoscaling.schedules import ScheduledAction
from sandbox.aws.ec2.models import SandboxEC2Backend, sandbox_ec2
from sandbox.aws.elbv2.models import SandboxELBv2Backend, sandbox_elbv2

QUIET = 300.0
LONGEST_BACKOFF = 60.0
UPDATABLE = {
    "HealthCheckGracePeriod": "health_check_grace_period",
    "HealthCheckType": "health_check_type",
    "DefaultCooldown": "default_cooldown",
    "PlacementGroup": "placement_group",
    "TerminationPolicies": "termination_policies",
    "CapacityRebalance": "capacity_rebalance",
    "NewInstancesProtectedFromScaleIn": "new_instances_protected_from_scale_in",
}


class Group(FakeAutoScalingGroup):
    """moto's group, whose instances come and go by the controller's hand and in their own time."""

    def __init__(self, *, settings: dict[str, Any], **kwargs: Any) -> None:  # noqa: ANN401 - moto's own
        self.members: list[Member] = []
        self.hooks: dict[str, Hook] = {}
        self.activities: list[ScalingActivity] = []
        self.refreshes: list[Refresh] = []
        self.scheduled: dict[str, ScheduledAction] = {}
        self.proven_target_groups: set[str] = set()
        self.status: str | None = None
        self.launch_failures = 0
        self.last_failure: float | None = None
        self.settings = settings
        super().__init__(**kwargs)

    @property
    def instance_states(self) -> list[Member]:
        """Return the group's instances under moto's name for them."""
        return self.members

    @instance_states.setter
    def instance_states(self, members: list[Member]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self.members = members

    @property
    def ec2(self) -> SandboxEC2Backend:
        return sandbox_ec2(self.account_id, self.region)

    @property
    def elbv2(self) -> SandboxELBv2Backend:
        return sandbox_elbv2(self.account_id, self.region)

    @property
    def launch_template(self) -> dict[str, Any] | None:
        """Return the group's own template; a mixed instances policy holds its own instead."""
        return None if self.mixed_instances_policy else super().launch_template

    @property
    def default_instance_warmup(self) -> int | None:
        return self.settings.get("DefaultInstanceWarmup")

    @property
    def max_instance_lifetime(self) -> int | None:
        return self.settings.get("MaxInstanceLifetime")

    @property
    def instance_maintenance_policy(self) -> dict[str, int] | None:
        return self.settings.get("InstanceMaintenancePolicy")

    @property
    def configuration(self) -> Configuration:
        """Return the configuration saved on the group."""
        return Configuration(self.launch_template, self.mixed_instances_policy)

    @property
    def active_refresh(self) -> Refresh | None:
        """Return the refresh in progress, if any."""
        return next((refresh for refresh in self.refreshes if refresh.active), None)

    @property
    def launch_configuration_now(self) -> Configuration:
        """Return what the next instance is launched from: during a refresh, the desired configuration."""
        refresh = self.active_refresh
        return refresh.launching if refresh else self.configuration

    @property
    def capacity(self) -> int:
        return int(self.desired_capacity or 0)

    @property
    def placements(self) -> list[tuple[str, str | None]]:
        """Return (zone, subnet) of each place where an instance may be launched."""
        if not self.vpc_zone_identifier:
            return [(zone, None) for zone in self.availability_zones]
        ids = self.vpc_zone_identifier.split(",")
        return [(self.ec2.get_subnet(id_).availability_zone, id_) for id_ in ids]

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Record the number only; the controller launches and terminates."""
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity

    def change(self, shape: dict[str, Any]) -> None:
        """Apply everything an update gives except the sizes."""
        zones, subnets = shape.get("AvailabilityZones") or [], shape.get("VPCZoneIdentifier")
        if zones or subnets:
            self._set_azs_and_vpcs(zones, subnets, update=True)
        template, policy = shape.get("LaunchTemplate"), shape.get("MixedInstancesPolicy")
        if template or policy:
            wanted = Configuration(template, policy)
            wanted.resolve(self.ec2)
            self.save(wanted)
        for key, attribute in UPDATABLE.items():
            if shape.get(key) is not None:
                setattr(self, attribute, shape[key])
        for key in ("DefaultInstanceWarmup", "MaxInstanceLifetime", "InstanceMaintenancePolicy"):
            if shape.get(key) is not None:
                self.settings[key] = shape[key]

    def save(self, configuration: Configuration) -> None:
        """Make `configuration` the group's own."""
        policy = configuration.mixed_instances_policy
        template = dict(configuration.launch_template or {})
        self.mixed_instances_policy = dict(policy) if policy else None
        self._set_launch_configuration("", template, self.mixed_instances_policy)

    def active(self) -> list[Member]:
        """Return the instances that count towards capacity: pending or in service."""
        return [member for member in self.members if member.active]

    def suspended(self, process: str) -> bool:
        """Return whether the user suspended one of the group's processes."""
        return process in self._suspended_processes

    def hooks_for(self, transition: str) -> list[Hook]:
        """Return the hooks for a lifecycle transition."""
        return [hook for hook in self.hooks.values() if hook.lifecycle_transition == transition]

    def record(self, description: str, cause: str, zone: str, subnet: str | None) -> ScalingActivity:
        """Begin a scaling activity."""
        activity = ScalingActivity(self.name, self.arn, description, f"At {timestamp()} {cause}", zone, subnet)
        self.activities.insert(0, activity)
        del self.activities[1000:]
        return activity

    def failed(self, now: float) -> None:
        """Count a failed launch; each further one in a row makes the group wait longer."""
        if self.last_failure is None or now - self.last_failure > QUIET:
            self.launch_failures = 0
        self.launch_failures += 1
        self.last_failure = now

    def forgive(self) -> None:
        """Forget earlier failures, because another configuration is launched from now on."""
        self.launch_failures, self.last_failure = 0, None

    @property
    def launch_not_before(self) -> float:
        """Return when (monotonic seconds) the next launch may happen: 1, 2, 4… s after the last failure."""
        if self.last_failure is None:
            return 0.0
        return self.last_failure + min(2.0 ** (self.launch_failures - 1), LONGEST_BACKOFF)
