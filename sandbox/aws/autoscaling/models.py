"""EC2 Auto Scaling's groups; the controller does the rest."""

from typing import Any, cast

from moto.autoscaling.exceptions import AutoscalingClientError
from moto.autoscaling.models import AutoScalingBackend, LifecycleHook, autoscaling_backends
from moto.core.exceptions import ServiceException

from sandbox.aws.autoscaling.exceptions import (
    ResourceInUse,
    ScalingActivityInProgress,
    ValidationError,
    group_not_found,
)
from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.hooks import Action, Hook
from sandbox.aws.autoscaling.lifecycle import terminate
from sandbox.aws.autoscaling.members import Member
from sandbox.aws.autoscaling.refresh_api import RefreshApi
from sandbox.aws.autoscaling.schedule_api import ScheduleApi
from sandbox.aws.state import Tick, clock, state

SETTINGS = ("DefaultInstanceWarmup", "MaxInstanceLifetime", "InstanceMaintenancePolicy")
Shape = dict[str, Any]


class SandboxAutoScalingBackend(RefreshApi, ScheduleApi, AutoScalingBackend):
    """Return one region's backend."""

    @property
    def groups(self) -> dict[str, Group]:
        """Return the groups by name."""
        return cast(dict[str, Group], self.autoscaling_groups)

    def group(self, name: str) -> Group:
        """Return a group.

        Raises:
            ValidationError: there is none of that name.
        """
        if name not in self.groups:
            raise group_not_found(name)
        return self.groups[name]

    def create_group(self, shape: Shape) -> None:
        """CreateAutoScalingGroup."""
        name = shape["AutoScalingGroupName"]
        if name in self.groups:
            raise AutoscalingClientError(
                "AlreadyExists",
                f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
            )
        sources = [key for key in ("LaunchTemplate", "MixedInstancesPolicy") if shape.get(key)]
        if len(sources) != 1:
            raise ValidationError(
                "Valid requests must contain either LaunchTemplate or MixedInstancesPolicy; launch configurations "
                "and InstanceId are not available here."
            )
        try:
            group = self._build(name, shape)
            group.configuration.resolve(group.ec2)
        except ServiceException as error:
            raise error if isinstance(error, AutoscalingClientError) else _invalid(error) from error
        _check_sizes(group.min_size, group.max_size, group.desired_capacity)
        for hook in shape.get("LifecycleHookSpecificationList") or []:
            group.hooks[hook["LifecycleHookName"]] = cast(Hook, Hook(name, hook))
        self.groups[name] = group

    def _build(self, name: str, shape: Shape) -> Group:
        group = Group(
            settings={key: shape[key] for key in SETTINGS if shape.get(key) is not None},
            name=name,
            availability_zones=shape.get("AvailabilityZones") or [],
            desired_capacity=shape.get("DesiredCapacity"),
            max_size=shape["MaxSize"],
            min_size=shape["MinSize"],
            launch_config_name="",
            launch_template=shape.get("LaunchTemplate") or {},
            vpc_zone_identifier=shape.get("VPCZoneIdentifier"),
            default_cooldown=shape.get("DefaultCooldown"),
            health_check_period=shape.get("HealthCheckGracePeriod") or 0,
            health_check_type=shape.get("HealthCheckType"),
            load_balancers=[],
            target_group_arns=self._known_target_groups(shape.get("TargetGroupARNs") or []),
            placement_group=shape.get("PlacementGroup"),
            termination_policies=shape.get("TerminationPolicies") or [],
            autoscaling_backend=self,
            ec2_backend=self.ec2_backend,
            tags=shape.get("Tags") or [],
            mixed_instances_policy=shape.get("MixedInstancesPolicy"),
            capacity_rebalance=bool(shape.get("CapacityRebalance", False)),
            new_instances_protected_from_scale_in=bool(shape.get("NewInstancesProtectedFromScaleIn", False)),
        )
        return cast(Group, group)  # the metaclass of moto hides what it builds

    def _known_target_groups(self, arns: list[str]) -> list[str]:
        for arn in arns:
            if arn not in self.elbv2_backend.target_groups:
                raise ValidationError(
                    f"Provided Target Group {arn} may not be valid. Please ensure it exists and try again."
                )
        return list(arns)

    def update_group(self, shape: Shape) -> None:
        """UpdateAutoScalingGroup: what is not given stays as it is."""
        group = self.group(shape["AutoScalingGroupName"])
        if group.status:
            raise ScalingActivityInProgress("You cannot update an AutoScalingGroup that is being deleted.")
        low = shape.get("MinSize", group.min_size)
        high = shape.get("MaxSize", group.max_size)
        wanted = shape.get("DesiredCapacity")
        if wanted is None:
            wanted = min(max(group.capacity, int(low)), int(high))
        _check_sizes(low, high, wanted)
        if (
            group.active_refresh
            and group.active_refresh.desired
            and {"LaunchTemplate", "MixedInstancesPolicy"} & {key for key, value in shape.items() if value}
        ):
            raise ValidationError(
                "An active instance refresh with a desired configuration exists. All configuration options derived "
                "from the desired configuration are not available for update while the instance refresh is active."
            )
        try:
            group.change(shape)
        except ServiceException as error:
            raise error if isinstance(error, AutoscalingClientError) else _invalid(error) from error
        group.min_size, group.max_size, group.desired_capacity = int(low), int(high), int(wanted)

    def delete_group(self, name: str, *, force: bool) -> None:
        """DeleteAutoScalingGroup: at once where it is empty, with ForceDelete when its instances are gone."""
        group = self.group(name)
        if group.members and not force:
            raise ResourceInUse()
        group.status = "Delete in progress"
        group.hooks = {}
        for member in group.members:
            if not member.leaving:
                terminate(group, member, "a user request force deleted the AutoScalingGroup.", Tick(clock()))
            group.ec2.terminate_instances([member.id])
        if not group.members:
            self.forget(group)

    def forget(self, group: Group) -> None:
        """Drop a group that is deleted, with its scaling policies."""
        self.groups.pop(group.name, None)
        self.policies = {
            name: policy for name, policy in self.policies.items() if policy.auto_scaling_group_name != group.name
        }
        state.wake()

    def set_desired_capacity(self, group_name: str, desired_capacity: int | None) -> None:
        """SetDesiredCapacity, within the group's bounds."""
        group = self.group(group_name)
        if group.status:
            raise ScalingActivityInProgress("The AutoScalingGroup is being deleted.")
        _check_sizes(group.min_size, group.max_size, desired_capacity)
        group.set_desired_capacity(desired_capacity)

    def put_hook(self, shape: Shape) -> None:
        """PutLifecycleHook: instances launched or terminated from now on wait for it."""
        group = self.group(shape["AutoScalingGroupName"])
        name = shape["LifecycleHookName"]
        group.hooks[name] = cast(Hook, Hook(group.name, shape, group.hooks.get(name)))

    def describe_lifecycle_hooks(
        self, as_name: str, lifecycle_hook_names: list[str] | None = None
    ) -> list[LifecycleHook]:
        """DescribeLifecycleHooks."""
        hooks = self.group(as_name).hooks.values()
        return [hook for hook in hooks if not lifecycle_hook_names or hook.name in lifecycle_hook_names]

    def delete_lifecycle_hook(self, as_name: str, name: str) -> None:
        """DeleteLifecycleHook: instances that wait for it go on (launching ones are abandoned)."""
        group = self.group(as_name)
        group.hooks.pop(name, None)
        for member in group.members:
            if name in member.actions and member.actions[name].result is None:
                member.actions[name].complete("ABANDON")

    def action(self, group_name: str, hook: str, token: str | None, instance_id: str | None) -> Action:
        """Return the open lifecycle action with that token, or of that instance.

        Raises:
            ValidationError: there is no such action, or it is already completed.
        """
        group = self.group(group_name)
        for member in group.members:
            action = member.actions.get(hook)
            if action and action.result is None and (action.token == token or member.id == instance_id):
                return action
        wanted = f"token {token}" if token else f"instance ID {instance_id}"
        raise ValidationError(f"No active Lifecycle Action found with {wanted}")

    def member(self, instance_id: str) -> Member:
        """Return an instance of any group.

        Raises:
            ValidationError: it is in none.
        """
        for group in self.groups.values():
            for member in group.members:
                if member.id == instance_id:
                    return member
        raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")

    def set_health(self, instance_id: str, status: str, *, respect_grace: bool) -> None:
        """SetInstanceHealth; by default the group's grace period comes first."""
        if status not in ("Healthy", "Unhealthy"):
            raise ValidationError(f"Valid instance health states are: [Healthy, Unhealthy], got {status}")
        member = self.member(instance_id)
        group = self.group(member.auto_scaling_group_name)
        grace = float(group.health_check_grace_period or 0) if respect_grace else 0.0
        if member.in_service_at is None or clock() >= member.in_service_at + grace:
            member.health_status = status
            state.wake()

    def end_instance(self, instance_id: str, *, decrement: bool) -> dict[str, Any]:
        """TerminateInstanceInAutoScalingGroup; returns the activity."""
        member = self.member(instance_id)
        group = self.group(member.auto_scaling_group_name)
        if decrement:
            if group.capacity - 1 < int(group.min_size or 0):
                raise ValidationError(
                    "Currently, desiredSize equals minSize. Terminating instance without replacement will violate "
                    "group's min size constraint."
                )
            group.desired_capacity = group.capacity - 1
        terminate(group, member, "an instance was taken out of service in response to a user request.", Tick(clock()))
        assert member.ending is not None  # noqa: S101 - terminate has just set it
        return member.ending.describe()

    def attach_instances(self, group_name: str, instance_ids: list[str]) -> None:
        """Refuse AttachInstances: a group's instances are those that it launched.

        Raises:
            ValidationError: always.
        """
        raise ValidationError(f"AttachInstances is not available here; raise the capacity of {group_name} instead.")

    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        """Do nothing: the group's health check notices."""

    def update_attached_elbs(self, group_name: str) -> None:
        """Do nothing: classic load balancers are not offered."""

    def update_attached_target_groups(self, group_name: str) -> None:
        """AttachLoadBalancerTargetGroups: instances in service are registered now, others when they get there."""
        group = self.group(group_name)
        for arn in self._known_target_groups(group.target_group_arns):
            serving = [{"Id": member.id} for member in group.members if member.in_service and member.alive]
            known = {target.id for target in group.elbv2.targets.get(arn, {}).values()}
            group.elbv2.register_targets(arn, [target for target in serving if target["Id"] not in known])


def _check_sizes(low: int | None, high: int | None, desired: int | None) -> None:
    least, most = int(low or 0), int(high or 0)
    if least > most:
        raise ValidationError("Min size cannot be greater than max size")
    if desired is not None and desired < least:
        raise ValidationError(
            f"New SetDesiredCapacity value {desired} is below min value {least} for the AutoScalingGroup."
        )
    if desired is not None and desired > most:
        raise ValidationError(
            f"New SetDesiredCapacity value {desired} is above max value {most} for the AutoScalingGroup."
        )


def _invalid(error: ServiceException) -> ValidationError:
    return ValidationError(f"You must use a valid fully-formed launch template. {error.message}")


def target_lifecycle_states() -> dict[str, str]:
    """Return where each instance of each group is going, by its id."""
    return {
        member.id: member.target_lifecycle_state
        for regions in list(autoscaling_backends.values())
        for backend in list(regions.values())
        for group in list(cast(SandboxAutoScalingBackend, backend).groups.values())
        for member in group.members
    }


def sandbox_autoscaling(account: str, region: str) -> SandboxAutoScalingBackend:
    """Return one region's backend."""
    return cast(SandboxAutoScalingBackend, autoscaling_backends[account][region])
