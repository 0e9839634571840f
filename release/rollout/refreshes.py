"""Starts and ends instance refreshes: the boto3 side of what a rollout changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from release.clients import client, code
from release.rollout import answers
from release.rollout.observed import Template


class Refreshes:
    """The instance refreshes of one region's groups."""

    def __init__(self, region: str | None = None) -> None:
        self._autoscaling = client("autoscaling", region)

    def allow_boot(self, group: str, hook: str, seconds: int) -> None:
        """Gives a launch lifecycle hook that many seconds (PutLifecycleHook makes it, or changes it)."""
        self._autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=group,
            LifecycleHookName=hook,
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
            HeartbeatTimeout=seconds,
            DefaultResult="ABANDON",
        )

    def start(self, group: str, desired: Mapping[str, Any], preferences: Mapping[str, Any]) -> str | None:
        """Starts an instance refresh and returns its id; None where one is under way.

        That may be this very one: where the answer is lost on its way, the call is tried again.
        """
        try:
            answer = self._autoscaling.start_instance_refresh(
                AutoScalingGroupName=group, Strategy="Rolling", DesiredConfiguration=desired, Preferences=preferences
            )
        except ClientError as error:
            if code(error).removesuffix("Fault") == "InstanceRefreshInProgress":
                return None
            raise
        return str(answer["InstanceRefreshId"])

    def roll_back(self, group: str) -> bool:
        """Rolls back the refresh under way; False where none is under way any more, or it can't be undone."""
        try:
            self._autoscaling.rollback_instance_refresh(AutoScalingGroupName=group)
        except ClientError as error:
            if code(error).removesuffix("Fault") in {"ActiveInstanceRefreshNotFound", "IrreversibleInstanceRefresh"}:
                return False
            raise
        return True

    def last_preferences(self, group: str) -> dict[str, Any]:
        """The preferences of the group's latest refresh, as StartInstanceRefresh takes them, or {}."""
        answer = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=1)
        found = answer["InstanceRefreshes"]
        return dict(found[0].get("Preferences") or {}) if found else {}

    def desired(self, group: str, template: Template) -> dict[str, Any]:
        """The group's own configuration with another launch template version, as a DesiredConfiguration."""
        shown = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"][0]
        return answers.with_template(shown, template)
