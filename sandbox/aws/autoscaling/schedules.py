"""Scheduled actions: they change a group's sizes when their time comes (user guide, "Scheduled scaling")."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from sandbox.aws.autoscaling.exceptions import ValidationError
from sandbox.aws.state import Tick

SIZES = ("MinSize", "MaxSize", "DesiredCapacity")
MOST = 125
"""Scheduled actions that a group may have."""
_FIELD = re.compile(r"[0-9*,/A-Za-z-]+")


class Calendar:
    """The time by which scheduled actions go: this machine's, or as far ahead of it as somebody asked for."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Return what time it is, in UTC."""
        return datetime.fromtimestamp(time.time(), timezone.utc) + self.ahead

    def set(self, now: datetime | None) -> None:
        """Let it be `now` from here on; None for this machine's time."""
        self.ahead = now - datetime.fromtimestamp(time.time(), timezone.utc) if now else timedelta()


calendar = Calendar()


@dataclass
class ScheduledAction:
    """One action of a group; `due` is when it happens next, None when never again."""

    group: str
    name: str
    sizes: dict[str, int]
    recurrence: str | None
    zone: str | None
    start: datetime | None
    end: datetime | None
    arn: str
    due: datetime | None = None
    planned: timedelta = timedelta()
    """How far ahead the calendar was then."""

    def plan(self, after: datetime) -> None:
        """Find out when it happens next, later than `after`."""
        due = self.start if self.start and self.start > after else None
        if self.recurrence and due is None:
            local = ZoneInfo(self.zone or "UTC")
            due = next(CronSim(self.recurrence, after.astimezone(local))).astimezone(timezone.utc)
        self.planned = calendar.ahead
        self.due = due if due and not (self.end and due > self.end) else None

    def describe(self) -> dict[str, Any]:
        """Return the API's ScheduledUpdateGroupAction."""
        shown = {
            "AutoScalingGroupName": self.group,
            "ScheduledActionName": self.name,
            "ScheduledActionARN": self.arn,
            "Recurrence": self.recurrence,
            "TimeZone": self.zone,
            "StartTime": self.due or self.start,
            "Time": self.due or self.start,
            "EndTime": self.end,
            **self.sizes,
        }
        return {key: value for key, value in shown.items() if value is not None}


def scheduled(shape: dict[str, Any], arn: str) -> ScheduledAction:
    """Return what PutScheduledUpdateGroupAction asks for. Raises ValidationError for what AWS refuses."""
    sizes = {key: int(shape[key]) for key in SIZES if shape.get(key) is not None}
    if not sizes:
        raise ValidationError("At least one of MinSize, MaxSize or DesiredCapacity must be specified")
    recurrence, zone = shape.get("Recurrence"), shape.get("TimeZone")
    start, end = _time(shape.get("StartTime") or shape.get("Time")), _time(shape.get("EndTime"))
    if recurrence is None and start is None:
        raise ValidationError("Either Recurrence or StartTime must be specified")
    if recurrence is not None:
        _check(recurrence)
    if zone is not None and zone not in available_timezones():
        raise ValidationError(f"Invalid time zone: {zone}")
    if start and start <= calendar.now():
        raise ValidationError("Given start time is in the past")
    if start and end and end <= start:
        raise ValidationError("EndTime must be after StartTime")
    action = ScheduledAction(
        group=shape["AutoScalingGroupName"],
        name=shape["ScheduledActionName"],
        sizes=sizes,
        recurrence=recurrence,
        zone=zone,
        start=start,
        end=end,
        arn=arn,
    )
    action.plan(calendar.now())
    return action


def _time(given: object) -> datetime | None:
    if not given:
        return None
    read = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).replace("Z", "+00:00"))
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


def _check(recurrence: str) -> None:
    """Refuse what is not five fields of traditional cron: no seconds, no years, no `?`, `L`, `W` and `#`."""
    fields = recurrence.split()
    sound = len(fields) == 5 and all(map(_FIELD.fullmatch, fields))
    try:
        if not sound or re.search(r"\b(L|W|LW)\b", recurrence):
            raise CronSimError(recurrence)
        next(CronSim(recurrence, calendar.now()))
    except (CronSimError, StopIteration):
        raise ValidationError(f"Given recurrence string: {recurrence} is invalid") from None


def due(actions: list[ScheduledAction], tick: Tick) -> list[ScheduledAction]:
    """Return the actions whose time has come, oldest first, with the next time planned; and ask for the next pass."""
    now = calendar.now()
    for action in actions:
        if action.planned != calendar.ahead:  # what lies between is left out
            action.plan(now)
    come = sorted((each for each in actions if each.due and each.due <= now), key=lambda each: each.due or now)
    for action in come:
        action.plan(now)
    for action in actions:
        if action.due:
            tick.at(tick.now + max(0.0, (action.due - now).total_seconds()))
    return come
