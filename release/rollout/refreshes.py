"""Starts and rolls back instance refreshes: what a rollout changes in AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from release.clients import client, code

if TYPE_CHECKING:
    from types_boto3_autoscaling.type_defs import DesiredConfigurationTypeDef, RefreshPreferencesTypeDef


class Refreshes:
    """The instance refreshes of one region."""

    def __init__(self, region: str | None = None) -> None:
        self._autoscaling = client("autoscaling", region)

    def allow_boot(self, group: str, hook: str, seconds: int) -> None:
        """Set the timeout of a launch lifecycle hook (PutLifecycleHook, which also creates it)."""
        self._autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=group,
            LifecycleHookName=hook,
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
            HeartbeatTimeout=seconds,
            DefaultResult="ABANDON",
        )

    def start(self, group: str, desired: Mapping[str, Any], preferences: Mapping[str, Any]) -> str | None:
        """Start an instance refresh. Return its id, or None if one is in progress.

        The one in progress may be this one: if the first answer is lost, botocore tries again.
        """
        try:
            answer = self._autoscaling.start_instance_refresh(
                AutoScalingGroupName=group,
                Strategy="Rolling",
                DesiredConfiguration=cast("DesiredConfigurationTypeDef", desired),
                Preferences=cast("RefreshPreferencesTypeDef", preferences),
            )
        except ClientError as error:
            if code(error).removesuffix("Fault") == "InstanceRefreshInProgress":
                return None
            raise
        return str(answer["InstanceRefreshId"])

    def roll_back(self, group: str) -> bool:
        """Roll back the refresh in progress. Return False if none is in progress any more, or it can't be undone."""
        try:
            self._autoscaling.rollback_instance_refresh(AutoScalingGroupName=group)
        except ClientError as error:
            if code(error).removesuffix("Fault") in {"ActiveInstanceRefreshNotFound", "IrreversibleInstanceRefresh"}:
                return False
            raise
        return True
