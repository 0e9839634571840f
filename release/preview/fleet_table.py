"""What becomes of each fleet, a row each, and of the releases that they get. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from release.preview.document import Preview
from release.preview.facts import Facts, FleetFacts, ReleaseFacts
from release.preview.marks import capped, code, items, prose, table
from release.preview.words import count, listed, roughly, short

_HEADINGS = ("fleet", "release", "instances", "takes")


def of(preview: Preview, cap: int) -> str:
    """Return the table and what is known of the releases; empty if no fleet is touched."""
    fleets = preview.facts.fleets
    if not fleets:
        return ""
    rows = [[code(fleet.fleet), _release(fleet), _instances(fleet), _takes(fleet)] for fleet in fleets[:cap]]
    left = len(fleets) - cap
    more = [[f"and {count(left, 'more fleet')}", *[""] * (len(_HEADINGS) - 1)]] if left > 0 else []
    parts = ["#### Fleets", table(_HEADINGS, [*rows, *more]), items(capped(list(_releases(preview.facts)), cap, ""))]
    return "\n\n".join(part for part in parts if part)


def _releases(facts: Facts) -> Iterator[str]:
    for release in facts.releases:
        yield f"release {code(short(release.sha))}: {_store(release)}{_since(facts, release.sha)}"
    if facts.rollback and facts.replaced:
        yield f"`python -m release rollback` would then go to {code(short(facts.rollback))}"


def _store(release: ReleaseFacts) -> str:
    said = {True: "published", False: "not published yet, `up` does that", None: "whether it is published is not known"}
    if release.recoverable is None:
        return said[release.published]
    if release.recoverable:
        return f"{said[release.published]}, recoverable from the replica"
    return f"{said[release.published]}, **not recoverable** from the replica: {prose(release.why)}"


def _since(facts: Facts, sha: str) -> str:
    """Return how many commits there are to it from each release that fleets have now."""
    ways = [way for way in facts.between if way.new == sha]
    told: list[str] = []
    for way in ways:
        numbers = [
            count(log.count, "commit") + said
            for log, said in ((way.added, ""), (way.removed, " taken back"))
            if log.count
        ]
        if numbers:
            told.append(f"{listed(numbers)} since {code(short(way.old))}")
    return f"; {listed(told)}" if told else ""


def _release(fleet: FleetFacts) -> str:
    if fleet.becomes == "deleted":
        return code(short(fleet.old))
    if fleet.becomes == "created" or fleet.old is None:
        return code(short(fleet.new))
    if fleet.same_release:
        return f"{code(short(fleet.new))}, as before"
    return f"{code(short(fleet.old))} → {code(short(fleet.new))}"


def _instances(fleet: FleetFacts) -> str:
    number = "not known" if fleet.instances is None else f"{fleet.instances:,}"
    if fleet.becomes != "replaced":
        return f"{number} {'made' if fleet.becomes == 'created' else 'removed'}"
    said = f"{number} replaced" + (f" in {count(fleet.steps, 'step')}" if fleet.steps else "")
    pauses = [f"{percent} %" for percent in fleet.checkpoints if percent < 100]
    return said + (f", pauses at {', '.join(pauses)}" if pauses else "")


def _takes(fleet: FleetFacts) -> str:
    if fleet.becomes != "replaced":
        return ""
    if fleet.took is None:
        return "not known: no rollout yet"
    return f"{roughly(fleet.took.seconds)} (by {count(fleet.took.rollouts, 'rollout')})"
