"""What was seen, in words: the cells of a fleet, of an instance, of an event; and as a document. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from release.postures import POSTURES
from release.store import event as events
from release.store.event import Event
from release.watch.seen import Fleet, Member, Rolling, Seen

FLEETS: tuple[str, ...] = ("FLEET", "RELEASE", "SERVING", "ZONES", "REQUESTS", "FAILED", "ROLLOUT")
MEMBERS = ("INSTANCE", "FLEET", "ZONE", "RELEASE", "STATE", "HEALTH")
EVENTS = ("AT (UTC)", "FLEET", "ACTION", "RELEASE", "OUTCOME", "TOOK", "BY", "REASON")
SHORT = 12
"""Digits of a SHA, as `history` and `list` show them."""


def short(sha: str | None) -> str:
    return sha[:SHORT] if sha else "?"


def fleet(found: Fleet) -> tuple[str, ...]:
    """Return the cells of a fleet, below FLEETS. Zones are without their region: `1a 2/2, 1b 1/2`."""
    many, asked = len(found.releases) > 1, found.requests
    releases = [f"{short(sha)} ({number})" if many else short(sha) for sha, number in found.releases.items()]
    aside = f" ({found.posture})" if found.posture in POSTURES and found.posture != "active" else ""
    return (
        found.name,
        ", ".join(releases) or short(found.sha),
        f"{found.serving} of {found.desired}{aside}",
        ", ".join(f"{zone.rpartition('-')[2]} {serving}/{there}" for zone, (serving, there) in found.zones.items())
        or "-",
        f"{asked.total:,} in {asked.minutes} min" if asked else "-" if not found.balanced else "?",
        f"{asked.failed:,}" if asked else "-" if not found.balanced else "?",
        rolling(found.rolling) if found.rolling else "-",
    )


def rolling(found: Rolling) -> str:
    """Return where a rollout is: status, percentage, next pause, target, what is left."""
    refresh = found.refresh
    pause = next((step for step in refresh.checkpoints if step > refresh.percentage), None)
    parts = [
        f"{refresh.status} {refresh.percentage}%",
        f"to {short(found.sha)}" if found.forward else "back",
        f"pauses at {pause}%" if found.forward and pause and pause < 100 else "",
        found.left,
    ]
    return ", ".join(part for part in parts if part)


def member(found: Member, fleet: str) -> tuple[str, ...]:
    """Return the cells of an instance, below MEMBERS."""
    return found.id, fleet, found.zone, short(found.sha), found.state, health(found)


def health(found: Member) -> str:
    """Return what says the worst: the group, or the load balancer."""
    return found.health if found.health != "Healthy" else found.target or "Healthy"


def event(found: Event) -> tuple[str, ...]:
    """Return the cells of an event, below EVENTS."""
    return (
        f"{found.when:%m-%d %H:%M:%S}",
        found.fleet,
        found.action,
        short(found.sha),
        found.outcome,
        "" if found.seconds is None else f"{found.seconds:.0f} s",
        found.by,
        found.reason or "",
    )


def document(seen: Seen) -> dict[str, Any]:
    """Return what was seen as JSON has it. Keys are only ever added."""
    return {
        "schema": 1,
        "stack": seen.stack,
        "region": seen.region,
        "at": seen.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "calm": all(fleet.calm for fleet in seen.fleets) and not seen.unknown,
        "marks": list(seen.marks),
        "fleets": [_fleet_document(fleet) for fleet in seen.fleets],
        "events": [json.loads(events.to_json(event)) for event in seen.events],
        "unknown": list(seen.unknown),
    }


def _fleet_document(found: Fleet) -> dict[str, Any]:
    refresh = found.rolling.refresh if found.rolling else None
    return {
        "fleet": found.name,
        "sha": found.sha,
        "posture": found.posture or None,
        "desired": found.desired,
        "min": found.least,
        "max": found.largest,
        "serving": found.serving,
        "releases": found.releases,
        "zones": {zone: {"serving": n, "instances": there} for zone, (n, there) in found.zones.items()},
        "requests": asdict(found.requests) if found.requests else None,
        "rollout": {
            "id": refresh.id,
            "status": refresh.status,
            "percentage": refresh.percentage,
            "sha": found.rolling.sha,
            "reason": refresh.reason or None,
            "left": found.rolling.left or None,
        }
        if refresh and found.rolling
        else None,
        "instances": [asdict(each) for each in found.members],
    }
