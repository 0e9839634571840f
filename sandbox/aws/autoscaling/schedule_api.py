"""The operations on scheduled actions and on scale-in protection, which moto records without acting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.moto_api._internal import mock_random

from sandbox.aws.autoscaling import schedules
from sandbox.aws.autoscaling.exceptions import LimitExceeded, ScalingActivityInProgress, ValidationError
from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.schedules import ScheduledAction
from sandbox.aws.state import state

_PROTECTED = ("InService", "EnteringStandby", "Standby")


class ScheduleApi:
    """Part of the backend of a region."""

    account_id: str
    region_name: str

    @property
    def groups(self) -> dict[str, Group]:
        """Return the groups by name; the backend has this."""
        raise NotImplementedError

    def group(self, name: str) -> Group:
        """Return a group; the backend has this."""
        raise NotImplementedError

    def put_scheduled_action(self, shape: dict[str, Any]) -> None:
        """PutScheduledUpdateGroupAction: makes it, or puts it in the place of the one of that name."""
        group, name = self.group(shape["AutoScalingGroupName"]), str(shape["ScheduledActionName"])
        if group.status:
            raise ScalingActivityInProgress("The AutoScalingGroup is being deleted.")
        before = group.scheduled.get(name)
        if before is None and len(group.scheduled) >= schedules.MOST:
            raise LimitExceeded(f"You can have at most {schedules.MOST} scheduled actions for an Auto Scaling group")
        arn = before.arn if before else self._arn(group, name)
        action = schedules.scheduled(shape, arn)
        same = (other for other in group.scheduled.values() if other.name != name and other.due == action.due)
        if action.start and any(same):
            raise ValidationError("A scheduled action with this start time exists already")
        group.scheduled[name] = action
        state.wake()

    def _arn(self, group: Group, name: str) -> str:
        resource = f"{mock_random.uuid4()}:autoScalingGroupName/{group.name}:scheduledActionName/{name}"
        return f"arn:aws:autoscaling:{self.region_name}:{self.account_id}:scheduledUpdateGroupAction:{resource}"

    def scheduled_actions_of(self, group: str | None, names: Sequence[str]) -> list[ScheduledAction]:
        """DescribeScheduledActions: of a group, or of all."""
        if names and not group:
            raise ValidationError("You must specify an Auto Scaling group name when you specify scheduled action names")
        groups = [self.groups[group]] if group in self.groups else [] if group else list(self.groups.values())
        found = [action for each in groups for action in each.scheduled.values()]
        return [action for action in found if not names or action.name in names]

    def drop_scheduled_action(self, group: str, name: str) -> None:
        """DeleteScheduledAction."""
        if self.group(group).scheduled.pop(name, None) is None:
            raise ValidationError("Scheduled action name not found")

    def protect(self, group: str, ids: Sequence[str], *, protected: bool) -> None:
        """SetInstanceProtection: of all of these instances, or of none."""
        members = {member.id: member for member in self.group(group).members}
        for each in ids:
            if each not in members:
                raise ValidationError(f"The instance {each} is not part of Auto Scaling group {group}.")
            if members[each].lifecycle_state not in _PROTECTED:
                raise ValidationError(f"The instance {each} is not in InService or EnteringStandby or Standby.")
        for each in ids:
            members[each].protected_from_scale_in = protected
        state.wake()
