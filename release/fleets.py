"""What AWS knows of a fleet, as plain values: the boto3 side of a rollout.

Every call is one page or a bounded number of them, whatever the size of the fleet (FilterLogEvents takes 100 streams).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import ClientError

from release.alarms import Alarm
from release.clients import client, code
from release.rollout import BootEvent, Group, Instance, Refresh, Template

_STREAMS_PER_CALL = 100
_CLOCKS_OFF = 3600
"""Seconds by which an instance's clock may be behind."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A fleet as its group's tags tell of it. `store` is the bucket of its releases."""

    name: str
    group: Group
    store: str
    log_group: str


class Fleets:
    """The Auto Scaling groups, targets and boot journals of one region."""

    def __init__(self, region: str | None = None) -> None:
        self._autoscaling = client("autoscaling", region)
        self._elbv2 = client("elbv2", region)
        self._logs = client("logs", region)
        self._cloudwatch = client("cloudwatch", region)
        self._ready: dict[str, BootEvent] = {}

    @property
    def region(self) -> str:
        """Where they are."""
        return str(self._autoscaling.meta.region_name)

    def stacks(self) -> list[str]:
        """The stacks that have fleets here, by their tags."""
        pages = self._autoscaling.get_paginator("describe_tags").paginate(
            Filters=[{"Name": "key", "Values": ["slipway:stack"]}]
        )
        return sorted({str(tag["Value"]) for page in pages for tag in page["Tags"]})

    def of_stack(self, stack: str) -> list[Found]:
        """The fleets of a stack, found by their tags."""
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            Filters=[{"Name": "tag:slipway:stack", "Values": [stack]}]
        )
        return sorted((_found(shown) for page in pages for shown in page["AutoScalingGroups"]), key=_name)

    def group(self, name: str) -> Group | None:
        """The group of that name, or None (DescribeAutoScalingGroups)."""
        found = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return _group(found[0]) if found else None

    def refreshes(self, group: str) -> list[Refresh]:
        """The latest refreshes of a group, newest first (DescribeInstanceRefreshes keeps six weeks)."""
        answer = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=10)
        return [_refresh(found) for found in answer["InstanceRefreshes"]]

    def last_preferences(self, group: str) -> dict[str, Any]:
        """The preferences of the group's latest refresh, as StartInstanceRefresh takes them, or {}."""
        answer = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=1)
        found = answer["InstanceRefreshes"]
        return dict(found[0].get("Preferences") or {}) if found else {}

    def desired(self, group: str, template: Template) -> dict[str, Any]:
        """The group's own configuration with another launch template version, as a DesiredConfiguration."""
        shown = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"][0]
        named = {"LaunchTemplateId": template.id, "Version": template.version}
        mixed = shown.get("MixedInstancesPolicy")
        if not mixed:
            return {"LaunchTemplate": named}
        launch = {**mixed["LaunchTemplate"], "LaunchTemplateSpecification": named}
        return {"MixedInstancesPolicy": {**mixed, "LaunchTemplate": launch}}

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

    def refused_launch(self, group: str, since: float) -> str:
        """Why the newest launch since a moment failed, in EC2's words (DescribeScalingActivities), or ""."""
        shown = self._autoscaling.describe_scaling_activities(AutoScalingGroupName=group, MaxRecords=20)["Activities"]
        failed = (a for a in shown if a["StatusCode"] == "Failed" and a["StartTime"].timestamp() >= since)
        return next((str(activity.get("StatusMessage", "")) for activity in failed), "")

    def alarms_not_ok(self, names: Sequence[str]) -> list[Alarm]:
        """Those of the alarms, at most 100, that are not in the state OK, or not there (DescribeAlarms)."""
        if not names:
            return []
        shown = self._cloudwatch.describe_alarms(AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        found = {
            str(alarm["AlarmName"]): Alarm(
                name=str(alarm["AlarmName"]),
                state=str(alarm["StateValue"]),
                since=alarm["StateUpdatedTimestamp"].timestamp(),
            )
            for alarm in [*shown["MetricAlarms"], *shown["CompositeAlarms"]]
        }
        looked_at = (found.get(name, Alarm(name=name, state="missing", since=0)) for name in names)
        return [alarm for alarm in looked_at if alarm.state != "OK"]

    def healthy_targets(self, target_group_arns: Sequence[str]) -> set[str]:
        """The instances that are healthy in every one of those target groups (DescribeTargetHealth)."""
        healthy: list[set[str]] = []
        for arn in target_group_arns:
            shown = self._elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            healthy.append({t["Target"]["Id"] for t in shown if t["TargetHealth"]["State"] == "healthy"})
        return set.intersection(*healthy) if healthy else set()

    def boots(
        self, log_group: str, *, since: float | None = None, instances: Sequence[str] | None = None
    ) -> list[BootEvent]:
        """The boot journal of a fleet: since a moment (seconds since the epoch), or what some instances are ready with.

        An instance's clock may be off; when an event happened is when AWS took it in.
        """
        if instances is None:
            earliest = max(0, (since or 0) - _CLOCKS_OFF)
            try:
                return self._filtered(log_group, {"startTime": int(earliest * 1000)})
            except ClientError as error:
                if not _is_gone(error):
                    raise
                return []
        asked = [instance for instance in instances if instance not in self._ready]
        for start in range(0, len(asked), _STREAMS_PER_CALL):
            for event in self._of_streams(log_group, asked[start : start + _STREAMS_PER_CALL]):
                if event.event == "ready":  # an instance says so once, and is not asked again
                    self._ready[event.instance] = event
        return [self._ready[instance] for instance in instances if instance in self._ready]

    def _of_streams(self, log_group: str, names: Sequence[str]) -> list[BootEvent]:
        """One stream that is not there yet makes the API refuse all that are asked with it: then by halves."""
        try:
            return self._filtered(log_group, {"logStreamNames": list(names)})
        except ClientError as error:
            if not _is_gone(error):
                raise
        if len(names) == 1:
            return []
        half = len(names) // 2
        return self._of_streams(log_group, names[:half]) + self._of_streams(log_group, names[half:])

    def _filtered(self, log_group: str, query: Mapping[str, Any]) -> list[BootEvent]:
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=log_group, **query)
        shown = (event for page in pages for event in page["events"])
        return [event for event in map(_boot_event, shown) if event]


def _is_gone(error: ClientError) -> bool:
    """Whether a log group or a stream is not there: no instance has booted far enough to write."""
    return code(error).removesuffix("Fault") == "ResourceNotFoundException"


def _template(shown: Mapping[str, Any] | None) -> Template | None:
    if not shown:
        return None
    return Template(id=str(shown["LaunchTemplateId"]), version=str(shown.get("Version", "")))


def _configured_template(shown: Mapping[str, Any]) -> Template | None:
    """The launch template of a group or a DesiredConfiguration; both may hold it in a mixed instances policy."""
    mixed = shown.get("MixedInstancesPolicy")
    if mixed:
        return _template(mixed["LaunchTemplate"]["LaunchTemplateSpecification"])
    return _template(shown.get("LaunchTemplate"))


def _found(shown: Mapping[str, Any]) -> Found:
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in shown["Tags"]}
    name = tags.get("slipway:fleet", str(shown["AutoScalingGroupName"]))
    return Found(
        name=name,
        group=_group(shown),
        store=tags.get("slipway:store", ""),
        log_group=f"/slipway/{tags.get('slipway:stack', '')}/{name}",
    )


def _name(found: Found) -> str:
    return found.name


def _group(shown: Mapping[str, Any]) -> Group:
    return Group(
        name=str(shown["AutoScalingGroupName"]),
        desired=int(shown["DesiredCapacity"]),
        template=_configured_template(shown),
        target_group_arns=tuple(shown.get("TargetGroupARNs", ())),
        instances=tuple(
            Instance(
                id=str(member["InstanceId"]),
                zone=str(member["AvailabilityZone"]),
                state=str(member["LifecycleState"]),
                health=str(member["HealthStatus"]).capitalize(),
                template=_template(member.get("LaunchTemplate")),
            )
            for member in shown["Instances"]
        ),
    )


def _refresh(shown: Mapping[str, Any]) -> Refresh:
    started = shown.get("StartTime")
    return Refresh(
        id=str(shown["InstanceRefreshId"]),
        status=str(shown["Status"]),
        reason=str(shown.get("StatusReason") or ""),
        rollback_reason=str((shown.get("RollbackDetails") or {}).get("RollbackReason") or ""),
        percentage=int(shown.get("PercentageComplete") or 0),
        template=_configured_template(shown.get("DesiredConfiguration") or {}),
        started=started.timestamp() if started else None,
    )


def _boot_event(shown: Mapping[str, Any]) -> BootEvent | None:
    try:
        said = json.loads(shown["message"])
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    line = cast("dict[str, Any]", said)
    return BootEvent(
        instance=str(shown["logStreamName"]),
        event=str(line.get("event", "")),
        sha=str(line.get("sha", "")),
        digest=str(line.get("digest", "")),
        reason=str(line.get("reason", "")),
        at=float(shown["ingestionTime"]) / 1000,
    )
