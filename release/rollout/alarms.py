"""The alarms that watch a rollout, and why one does not. Pure.

StartInstanceRefresh takes only alarms that are OK (EC2 Auto Scaling user guide, "Undo changes with a rollback").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A CloudWatch alarm that is not OK: a refresh that it is to watch could not be started.

    `state` is ALARM, INSUFFICIENT_DATA, or missing where there is no such alarm; `since` then (seconds since the
    epoch), 0 for a missing one.
    """

    name: str
    state: str
    since: float


def names(preferences: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the alarms that watch a rollout with those RefreshPreferences."""
    return tuple((preferences.get("AlarmSpecification") or {}).get("Alarms") or ())


def without(preferences: Mapping[str, Any], dropped_alarms: Iterable[Alarm]) -> dict[str, Any]:
    """The RefreshPreferences without those alarms: StartInstanceRefresh refuses one that is not OK."""
    dropped = {alarm.name for alarm in dropped_alarms}
    left = [name for name in names(preferences) if name not in dropped]
    changed = {key: value for key, value in preferences.items() if key != "AlarmSpecification"}
    return {**changed, "AlarmSpecification": {"Alarms": left}} if left else changed


def unwatched(unfit: Sequence[Alarm]) -> str:
    """What the user and the ledger are told of alarms that were left out."""
    return f"what does not watch this rollout: {'; '.join(_why_not(alarm) for alarm in unfit)}"


def _why_not(alarm: Alarm) -> str:
    since = datetime.fromtimestamp(alarm.since, tz=timezone.utc)
    if alarm.state == "ALARM":
        return f"{alarm.name} is on since {since:%H:%M} UTC, before this rollout: what serves now sets it off"
    if alarm.state == "missing":
        return f"{alarm.name} is gone: `pulumi refresh`, then `pulumi up` makes it anew"
    return f"{alarm.name} has had no data since {since:%H:%M} UTC"
