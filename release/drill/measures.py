"""The two figures of a drill: how long nothing would have answered (RTO), and what would have been lost (RPO). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from release.drill.report import Lost, Measure
from release.store import release_keys

KEPT = 100
"""The most that a report names of what would have been lost."""
_LISTED_TO_THE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The keys of a bucket's releases and events, with the time at which S3 stored each."""

    keys: Mapping[str, datetime]


def rto(fault: datetime, answered: datetime | None, objective: int | None) -> Measure:
    """Return the time from the fault to the first answer of the release, proved by every instance."""
    if answered is None:
        return Measure(name="RTO", objective=objective, measured=None, how="nothing answered")
    return Measure(
        name="RTO",
        objective=objective,
        measured=max(0.0, (answered - fault).total_seconds()),
        how="from the fault to the first answer of a fleet whose every instance had proved the release",
    )


def lost(first: Listing, replica: Listing, fault: datetime) -> list[Lost]:
    """Return what the first region had at the fault and the replica had not, oldest first.

    A release is lost if its manifest or its artifact is. Listings have times to the second.
    """
    latest = fault + _LISTED_TO_THE_SECOND
    missing = {key: at for key, at in first.keys.items() if key not in replica.keys and at <= latest}
    releases: dict[str, datetime] = {}
    for key, at in missing.items():
        sha = _release(key)
        if sha and release_keys.manifest(sha) in first.keys:  # an artifact alone is no release yet
            releases[sha] = max(at, releases.get(sha, at))
    events = [Lost(kind="event", name=key, at=at) for key, at in missing.items() if _is_event(key)]
    found = [*(Lost(kind="release", name=sha, at=at) for sha, at in releases.items()), *events]
    return sorted(found, key=lambda each: (each.at, each.name))


def rpo(missing: Iterable[Lost] | None, fault: datetime, objective: int | None, why: str = "") -> Measure:
    """Return how far before the fault the oldest of what would have been lost lies; 0 if nothing would.

    `missing` is None if the two regions could not be compared, for the reason `why`.
    """
    if missing is None:
        return Measure(name="RPO", objective=objective, measured=None, how=why)
    found = list(missing)
    if not found:
        how = "every release and every event that the first region had at the fault was in the replica"
        return Measure(name="RPO", objective=objective, measured=0.0, how=how)
    oldest = min(found, key=lambda each: each.at)
    counts = {kind: sum(each.kind == kind for each in found) for kind in ("release", "event")}
    said = " and ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items() if count)
    return Measure(
        name="RPO",
        objective=objective,
        measured=max(0.0, (fault - oldest.at).total_seconds()),
        how=f"{said} had not reached the replica at the fault; the age of the oldest of them, {oldest.kind} "
        f"{oldest.name}",
    )


def _release(key: str) -> str | None:
    sha = release_keys.sha_of_manifest(key)
    if sha:
        return sha
    named = key.removeprefix("releases/").partition("/")[0]
    return named if len(named) == 40 and key == release_keys.artifact(named) else None


def _is_event(key: str) -> bool:
    return key.startswith("ledger/") and not key.startswith("ledger/.") and key.endswith(".json")
