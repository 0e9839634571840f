"""Reads what became of a stack's scheduled work: its groups, and the journal of each one's runs.

One request for the groups (a page has up to 100), and normally one for each entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from release import names
from release.clients import client, lacks_log
from release.rollout import runs, shapes
from release.rollout.runs import Job, Line

_NEWEST = 50
"""Lines that are read: a run has two."""
_PAGES = 5
"""Of GetLogEvents, which may be empty without being the last one."""


class Jobs:
    """The scheduled work of one region."""

    def __init__(self, region: str | None = None) -> None:
        self._autoscaling = client("autoscaling", region)
        self._logs = client("logs", region)

    def of_stack(self, stack: str) -> list[Job]:
        """Return each entry with its last run, in the order of their names. Raises what boto3 raises."""
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            Filters=[{"Name": f"tag:{names.STACK_TAG}", "Values": [stack]}]
        )
        groups = [shown for page in pages for shown in page["AutoScalingGroups"] if shapes.is_job(shown)]
        return sorted((self._job(stack, shown) for shown in groups), key=lambda job: job.name)

    def _job(self, stack: str, shown: Mapping[str, Any]) -> Job:
        tags = {str(tag["Key"]): str(tag["Value"]) for tag in shown["Tags"]}
        name, fleet = tags[names.JOB_TAG], tags.get(names.JOB_FLEET_TAG, "")
        # The other states of an instance that AWS gives up are Terminating, Terminating:Wait and so on.
        alive = [
            str(member["InstanceId"])
            for member in shown["Instances"]
            if str(member["HealthStatus"]).capitalize() == "Healthy" and "Terminat" not in member["LifecycleState"]
        ]
        return runs.job(name, fleet, self._lines(names.log_group_name(stack, fleet), names.job_stream(name)), alive)

    def _lines(self, log_group: str, stream: str) -> list[Line]:
        """Return the newest lines of a stream, oldest first; none if there is no such stream (GetLogEvents)."""
        query: dict[str, Any] = {"logGroupName": log_group, "logStreamName": stream, "limit": _NEWEST}
        for _ in range(_PAGES):
            try:
                page = self._logs.get_log_events(**query)
            except ClientError as error:
                if lacks_log(error):
                    return []
                raise
            said = (runs.line(str(event["message"]), event["ingestionTime"] / 1000) for event in page["events"])
            if lines := [line for line in said if line]:
                return lines
            if page["nextBackwardToken"] == query.get("nextToken"):
                break
            query["nextToken"] = page["nextBackwardToken"]
        return []
