"""Which faults there are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

Z = TypeVar("Z")

_RANGES = {
    "throttle": (0, 1),
    "reset": (0, 1),
    "lose": (0, 1),
    "latency": (0, 60),
    "clock": (-86400, 86400),
    "replication_lag": (0, 86400),
}
_LISTS = ("deny", "lost_zones", "dark", "unreachable")
_FLAGS = ("no_capacity", "expired", "global_writes", "replication_stalled")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Rates are from 0 to 1, of all calls but the internal ones; `latency` is in seconds, on each call."""

    only: str = ""
    """Whose calls meet them: "instances", "others", or everyone's."""
    throttle: float = 0.0
    reset: float = 0.0
    lose: float = 0.0
    """How often a call takes effect and its answer never arrives."""
    expired: bool = False
    """Whether the credentials have expired."""
    latency: float = 0.0
    clock: float = 0.0
    """Seconds by which AWS's clock differs from this machine's."""
    deny: tuple[str, ...] = field(default=())
    """Keys of S3 objects, or what they begin with, that nobody may get."""
    no_capacity: bool = False
    lost_zones: tuple[str, ...] = field(default=())
    dark: tuple[str, ...] = field(default=())
    """Regions in which nothing answers: neither AWS nor a load balancer nor an instance."""
    unreachable: tuple[str, ...] = field(default=())
    """Regions whose AWS does not answer callers outside of their instances; what serves there goes on."""
    global_writes: bool = False
    """Whether what only us-east-1 can change is refused: IAM, Route 53, buckets' settings, what is in it."""
    replication_lag: float = 0.0
    """Seconds until S3 copies an object to another bucket."""
    replication_stalled: bool = False

    def usable(self, placements: Mapping[str, Z]) -> dict[str, Z]:
        """Return the places for an instance: no lost zone, as long as there is another."""
        return {zone: place for zone, place in placements.items() if zone not in self.lost_zones} or dict(placements)

    def refuses(self, zone: str) -> bool:
        """Return whether EC2 refuses to launch an instance there."""
        return self.no_capacity or zone in self.lost_zones


class Switchboard:
    """The faults that are on. Read without a lock: they are replaced as a whole."""

    def __init__(self) -> None:
        self.now = Faults()

    def change(self, wanted: Mapping[str, Any]) -> Faults:
        """Set some of the faults; an empty mapping ends all. Raise ValueError for an unknown fault."""
        unknown = wanted.keys() - {known.name for known in fields(Faults)}
        if unknown:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        changes: dict[str, Any] = {key: _value(key, value) for key, value in wanted.items()}
        self.now = replace(self.now, **changes) if changes else Faults()
        return self.now


def _value(key: str, value: object) -> object:
    if key in _LISTS and isinstance(value, list):
        return tuple(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    if key in _FLAGS and isinstance(value, bool):
        return value
    if key == "only" and value in ("", "instances", "others"):
        return value
    if key not in _RANGES or isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} cannot be {value!r}")
    low, high = _RANGES[key]
    if not low <= value <= high:
        raise ValueError(f"{key} is from {low} to {high}, not {value}")
    return float(value)


switchboard = Switchboard()
