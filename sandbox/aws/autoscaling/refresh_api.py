"""The four operations on instance refreshes."""

from functools import partial
from typing import Any

from sandbox.aws.autoscaling.exceptions import (
    ActiveInstanceRefreshNotFound,
    InstanceRefreshInProgress,
    IrreversibleInstanceRefresh,
    ValidationError,
)
from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.refresh import Refresh
from sandbox.aws.autoscaling.refresh_driver import roll_back
from sandbox.aws.autoscaling.refresh_request import check_alarms, irreversible, read_desired, read_preferences
from sandbox.aws.events import deliver
from sandbox.aws.state import clock


class RefreshApi:
    """Mixed into the backend, which knows the groups."""

    def group(self, name: str) -> Group:
        """Return the group of that name."""
        raise NotImplementedError

    def start_refresh(self, shape: dict[str, Any]) -> str:
        """StartInstanceRefresh; returns the refresh's id."""
        group = self.group(shape["AutoScalingGroupName"])
        if shape.get("Strategy", "Rolling") != "Rolling":
            raise ValidationError("The only strategy here is Rolling.")
        desired = read_desired(group, shape.get("DesiredConfiguration"))
        preferences = read_preferences(group, shape.get("Preferences"), desired)
        if group.active_refresh:
            raise InstanceRefreshInProgress()
        check_alarms(group, preferences)
        refresh = Refresh(group.name, preferences, desired, group.configuration)
        refresh.told = partial(_tell, group)
        group.refreshes.insert(0, refresh)
        group.forgive()
        return refresh.id

    def cancel_refresh(self, name: str, *, wait: bool) -> str:
        """CancelInstanceRefresh: also of a rollback; what is replaced stays replaced."""
        refresh = self._active(name)
        refresh.wait_for_transitions = wait
        refresh.status, refresh.reason = "Cancelling", "Cancelled by user."
        return refresh.id

    def roll_refresh_back(self, name: str) -> str:
        """RollbackInstanceRefresh."""
        refresh = self._active(name)
        group = self.group(name)
        if refresh.rolling_back or refresh.status == "Cancelling":
            raise ActiveInstanceRefreshNotFound(name)
        problem = irreversible(group, refresh.desired)
        if problem:
            raise IrreversibleInstanceRefresh(f"The instance refresh cannot be rolled back: {problem}")
        roll_back(group, refresh, "Rollback was started by a user.", clock())
        return refresh.id

    def describe_refreshes(self, name: str, ids: list[str]) -> list[dict[str, Any]]:
        """DescribeInstanceRefreshes: newest first."""
        refreshes = self.group(name).refreshes
        return [refresh.describe() for refresh in refreshes if not ids or refresh.id in ids]

    def _active(self, name: str) -> Refresh:
        refresh = self.group(name).active_refresh
        if refresh is None:
            raise ActiveInstanceRefreshNotFound(name)
        return refresh


def _tell(group: Group, event: str, refresh_id: str) -> None:
    deliver.send(
        group.region,
        source="aws.autoscaling",
        detail_type=f"EC2 Auto Scaling Instance Refresh {event}",
        resources=[str(group.arn)],
        detail={"InstanceRefreshId": refresh_id, "AutoScalingGroupName": group.name},
    )
