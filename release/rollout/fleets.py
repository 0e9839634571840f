"""What AWS knows of a fleet, as plain values: the boto3 side of a rollout.

Every call is one page or a bounded number of them, whatever the size of the fleet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from release import names
from release.clients import client, code
from release.rollout.alarms import Alarm
from release.rollout.journal import Journal, Wanted
from release.rollout.observed import BootEvent, Group, Instance, Refresh, Template
from release.rollout.templates import Templates

_ACTIVITIES = 1000
"""Of one group, in one look; each launch is one, and each end."""
_LAUNCH = re.compile(r"Launching a new EC2 instance: (i-[0-9a-f]+)")
_NOT_DONE = {"Failed", "Cancelled"}


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
        self._cloudwatch = client("cloudwatch", region)
        self._journal = Journal(region)
        self._seen: dict[str, Template] = {}

    @property
    def region(self) -> str:
        """Where they are."""
        return str(self._autoscaling.meta.region_name)

    def stacks(self) -> list[str]:
        """The stacks that have fleets here, by their tags."""
        pages = self._autoscaling.get_paginator("describe_tags").paginate(
            Filters=[{"Name": "key", "Values": [names.STACK_TAG]}]
        )
        return sorted({str(tag["Value"]) for page in pages for tag in page["Tags"]})

    def of_stack(self, stack: str) -> list[Found]:
        """The fleets of a stack, found by their tags."""
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            Filters=[{"Name": f"tag:{names.STACK_TAG}", "Values": [stack]}]
        )
        return sorted((_found(shown) for page in pages for shown in page["AutoScalingGroups"]), key=_name)

    def group(self, name: str) -> Group | None:
        """The group of that name, or None (DescribeAutoScalingGroups)."""
        found = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return self._remember(_group(found[0])) if found else None

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

    def boot_timeout(self, group: str) -> int | None:
        """Seconds that an instance has to boot, by the group's launch lifecycle hooks; None where there is none."""
        hooks = self._autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
        launching = (hook for hook in hooks if hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING")
        return max((int(hook["HeartbeatTimeout"]) for hook in launching if hook.get("HeartbeatTimeout")), default=None)

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
        """Why EC2 refused the newest launch since a moment, in its words (DescribeScalingActivities), or "".

        A launch whose instance failed afterwards, as in its boot, names the instance: EC2 did not refuse that one.
        """
        shown = self._autoscaling.describe_scaling_activities(AutoScalingGroupName=group, MaxRecords=100)["Activities"]
        launches = (a for a in shown if str(a.get("Description", "")).startswith("Launching"))
        newest = next((launch for launch in launches if launch["StartTime"].timestamp() >= since), None)
        if newest is None or newest["StatusCode"] != "Failed" or ": i-" in str(newest["Description"]):
            return ""
        return str(newest.get("StatusMessage") or "EC2 gave no reason")

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

    def ready(self, log_group: str, members: Sequence[Instance]) -> list[BootEvent]:
        """What the members have proved: of each the release that AWS says it has, where it says that it is ready."""
        known = self._templates.baked(member.template for member in members if member.template)
        having: dict[Wanted, list[str]] = {}
        for member in members:
            if member.template in known:
                baked = known[member.template]
                having.setdefault(Wanted(event="ready", sha=baked.sha, digest=baked.digest), []).append(member.id)
        return [
            event for wanted, instances in having.items() for event in self._journal.said(log_group, wanted, instances)
        ]

    def failed_boots(self, group: str, log_group: str, sha: str, since: float) -> list[BootEvent]:
        """Why boots of that release failed since a moment (seconds since the epoch), in the instances' own words.

        Only of launches that failed by AWS's word; of those of another release, where it is known, none.
        """
        failed = [instance for instance in self._failed_launches(group, since) if self._may_have(instance, sha)]
        return self._journal.said(log_group, Wanted(event="failed", sha=sha), failed, since=since)

    def _failed_launches(self, group: str, since: float) -> list[str]:
        """The instances that never came into service (DescribeScalingActivities, the newest first)."""
        pages = self._autoscaling.get_paginator("describe_scaling_activities").paginate(
            AutoScalingGroupName=group, PaginationConfig={"MaxItems": _ACTIVITIES, "PageSize": 100}
        )
        shown = (activity for page in pages for activity in page["Activities"])
        recent = takewhile(lambda activity: activity["StartTime"].timestamp() >= since, shown)
        named = (_LAUNCH.match(activity["Description"]) for activity in recent if activity["StatusCode"] in _NOT_DONE)
        return [launch[1] for launch in named if launch]

    def _may_have(self, instance: str, sha: str) -> bool:
        template = self._seen.get(instance)
        baked = self._templates.baked([template]).get(template) if template else None
        return baked is None or baked.sha == sha

    @cached_property
    def _templates(self) -> Templates:
        return Templates(self.region)

    def _remember(self, group: Group) -> Group:
        self._seen.update({member.id: member.template for member in group.instances if member.template})
        return group


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
    name = tags.get(names.FLEET_TAG, str(shown["AutoScalingGroupName"]))
    return Found(
        name=name,
        group=_group(shown),
        store=tags.get(names.STORE_TAG, ""),
        log_group=names.log_group_name(tags.get(names.STACK_TAG, ""), name),
    )


def _name(found: Found) -> str:
    return found.name


def _group(shown: Mapping[str, Any]) -> Group:
    return Group(
        name=str(shown["AutoScalingGroupName"]),
        desired=int(shown["DesiredCapacity"]),
        largest=int(shown["MaxSize"]),
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
