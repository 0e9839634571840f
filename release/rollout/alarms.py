"""The alarms that watch a rollout, and why one is left out. Pure.

StartInstanceRefresh takes only alarms that are OK (EC2 Auto Scaling user guide, "Undo changes with a rollback").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A CloudWatch alarm that is not OK.

    `state` is ALARM, INSUFFICIENT_DATA, or `missing` if there is no such alarm. `since` is the time of the last
    change, in seconds since the epoch (0 if missing).
    """

    name: str
    state: str
    since: float


def names(preferences: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the alarms in these RefreshPreferences."""
    return tuple((preferences.get("AlarmSpecification") or {}).get("Alarms") or ())


def without(preferences: Mapping[str, Any], ignored: Iterable[Alarm]) -> dict[str, Any]:
    """Return the RefreshPreferences without these alarms."""
    dropped = {alarm.name for alarm in ignored}
    left = [name for name in names(preferences) if name not in dropped]
    changed = {key: value for key, value in preferences.items() if key != "AlarmSpecification"}
    return {**changed, "AlarmSpecification": {"Alarms": left}} if left else changed


def explain(ignored: Sequence[Alarm]) -> str:
    """Return what to tell the user and the ledger about the alarms that were left out."""
    return "; ".join(_explain(alarm) for alarm in ignored)


def _explain(alarm: Alarm) -> str:
    since = datetime.fromtimestamp(alarm.since, tz=timezone.utc)
    if alarm.state == "ALARM":
        return f"alarm {alarm.name} was already firing (since {since:%H:%M} UTC) and is ignored for this rollout"
    if alarm.state == "missing":
        return (
            f"alarm {alarm.name} does not exist and is ignored for this rollout: run `pulumi refresh`, then "
            "`pulumi up`, to create it again"
        )
    return f"alarm {alarm.name} has had no data (since {since:%H:%M} UTC) and is ignored for this rollout"
