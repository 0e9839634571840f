"""What becomes of each fleet, a row each, and of the releases that they get. Pure."""

from __future__ import annotations

from release.preview.document import Preview
from release.preview.facts import Facts, FleetFacts, ReleaseFacts
from release.preview.marks import Room, items, table
from release.preview.words import count, listed, short
from release.rollout.estimate import roughly

_HEADINGS = ("fleet", "release", "instances", "takes")


def of(preview: Preview, room: Room) -> str:
    """Return the table and what is known of the releases; empty if no fleet is touched."""
    fleets = preview.facts.fleets
    if not fleets:
        return ""
    shown = fleets[: room.entries]
    rows = [[room.in_code(fleet.fleet), *cells(fleet, room)] for fleet in shown]
    left = len(fleets) - len(shown)
    more = [[f"and {left:,} more", *[""] * (len(_HEADINGS) - 1)]] if left else []
    parts = ["#### Fleets", table(_HEADINGS, [*rows, *more]), items(releases(preview.facts, room))]
    return "\n\n".join(part for part in parts if part)


def cells(fleet: FleetFacts, room: Room) -> tuple[str, str, str]:
    """Return a fleet's release, its instances, and how long it takes (empty where nothing is replaced)."""
    return _release(fleet, room), _instances(fleet), _takes(fleet)


def releases(facts: Facts, room: Room) -> list[str]:
    """Return a line for each release that fleets get, and one for what a rollback would go to."""

    def show(release: ReleaseFacts) -> str:
        return f"release {room.in_code(short(release.sha))}: {_store(release, room)}{_since(facts, release.sha, room)}"

    said = room.capped(facts.releases, show)
    if facts.rollback and facts.replaced:
        said.append(
            f"{room.in_code('python -m release rollback')} would then go to {room.in_code(short(facts.rollback))}"
        )
    return said


def _store(release: ReleaseFacts, room: Room) -> str:
    said = {
        True: "published",
        False: f"not published yet, {room.in_code('up')} does that",
        None: "whether it is published is not known",
    }
    if release.recoverable is None:
        return said[release.published]
    if release.recoverable:
        return f"{said[release.published]}, recoverable from the replica"
    return f"{said[release.published]}, {room.strong('not recoverable')} from the replica: {room.in_prose(release.why)}"


def _since(facts: Facts, sha: str, room: Room) -> str:
    """Return how many commits there are to it from each release that fleets have now."""
    told: list[str] = []
    for way in [way for way in facts.between if way.new == sha][: room.entries]:
        logs = ((way.added, ""), (way.removed, " taken back"))
        numbers = [count(log.count, "commit") + said for log, said in logs if log.count]
        if numbers:
            told.append(f"{listed(numbers)} since {room.in_code(short(way.old))}")
    return f"; {listed(told)}" if told else ""


def _release(fleet: FleetFacts, room: Room) -> str:
    if fleet.becomes == "deleted":
        return room.in_code(short(fleet.old))
    if fleet.becomes == "created" or fleet.old is None:
        return room.in_code(short(fleet.new))
    if fleet.same_release:
        return f"{room.in_code(short(fleet.new))}, as before"
    return f"{room.in_code(short(fleet.old))} → {room.in_code(short(fleet.new))}"


def _instances(fleet: FleetFacts) -> str:
    number = "not known" if fleet.instances is None else f"{fleet.instances:,}"
    if fleet.becomes != "replaced":
        return f"{number} {'made' if fleet.becomes == 'created' else 'removed'}"
    said = f"{number} replaced" + (f" in {count(fleet.steps, 'step')}" if fleet.steps else "")
    pauses = [f"{percent} %" for percent in fleet.checkpoints if percent < 100]
    return said + (f", pauses at {listed(pauses)}" if pauses else "")


def _takes(fleet: FleetFacts) -> str:
    if fleet.becomes != "replaced":
        return ""
    if fleet.took is None:
        return "an unknown time: no rollout yet"
    return f"{roughly(fleet.took.seconds)} (by {count(fleet.took.rollouts, 'rollout')})"
