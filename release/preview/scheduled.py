"""The sizes that a group's scheduled actions set, as the state of the last `up` has them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from release.preview.steps import Change, Step

SCHEDULE = "aws:autoscaling/schedule:Schedule"
BOUNDS = ("minSize", "maxSize")


def _by_size() -> dict[str, dict[int, list[str]]]:
    return {bound: {} for bound in BOUNDS}


@dataclass(frozen=True)
class Sizes:
    """For each bound of a group, which entries of `scaling.schedule` set it to which size."""

    set_by: Mapping[str, dict[int, list[str]]] = field(default_factory=_by_size)

    def explains(self, change: Change) -> bool:
        """Return whether a change of the group is what one of the entries does."""
        return self.sets(change.path, change.after)

    def sets(self, bound: str, size: Any) -> bool:  # noqa: ANN401 - JSON
        """Return whether one of the entries sets the bound to this size."""
        return bound in self.set_by and size in self.set_by[bound]

    def told(self, fleet: str, change: Change) -> str:
        """Say which entries do that."""
        entries = " or ".join(f"scaling.schedule.{name}" for name in self.set_by[change.path][change.after])
        return f"fleet {fleet} has {change.path} {change.after} in place of {change.before}: {entries} set it"


def sizes(steps: Iterable[Step]) -> dict[str, Sizes]:
    """Return the scheduled sizes by the names of the groups; a size that an action leaves as it is, is -1."""
    found: dict[str, Sizes] = {}
    for step in steps:
        if step.type != SCHEDULE:
            continue
        of = found.setdefault(str(step.old.get("autoscalingGroupName")), Sizes())
        for bound in BOUNDS:
            size = step.old.get(bound)
            if isinstance(size, (int, float)) and size >= 0:
                of.set_by[bound].setdefault(int(size), []).append(str(step.old.get("scheduledActionName")))
    return found
