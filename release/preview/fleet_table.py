"""What becomes of each fleet: a row each. Pure."""

from __future__ import annotations

from release.preview.document import Preview
from release.preview.facts import FleetFacts
from release.preview.marks import capped, code, table
from release.preview.words import count, roughly, short

_HEADINGS = ("fleet", "release", "commits", "instances", "takes", "in the store", "rollback goes to")


def of(preview: Preview, cap: int) -> str:
    """Return the table; empty if no fleet is touched."""
    if not preview.fleets:
        return ""
    rows = [_row(fleet) for fleet in preview.fleets]
    shown = capped(["" for _ in rows], cap, "fleets")
    last = [] if len(shown) == len(rows) else [[shown[-1], *[""] * (len(_HEADINGS) - 1)]]
    return "#### Fleets\n\n" + table(_HEADINGS, [*rows[: cap if last else None], *last])


def _row(fleet: FleetFacts) -> list[str]:
    return [
        code(fleet.fleet),
        _release(fleet),
        _commits(fleet),
        _instances(fleet),
        _takes(fleet),
        _store(fleet),
        code(short(fleet.rollback)) if fleet.rollback else "",
    ]


def _release(fleet: FleetFacts) -> str:
    if fleet.becomes == "deleted":
        return code(short(fleet.old))
    if fleet.becomes == "created" or fleet.old is None:
        return code(short(fleet.new))
    if fleet.same_release:
        return f"{code(short(fleet.new))}, as before"
    return f"{code(short(fleet.old))} → {code(short(fleet.new))}"


def _commits(fleet: FleetFacts) -> str:
    if fleet.commits is None or fleet.same_release:
        return ""
    signs = ((fleet.commits.added.count, "+"), (fleet.commits.removed.count, "-"))
    return " ".join(f"{sign}{number:,}" for number, sign in signs if number) or "none"


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


def _store(fleet: FleetFacts) -> str:
    if fleet.becomes == "deleted":
        return ""
    published = {True: "published", False: "published by `up`", None: "not known"}[fleet.published]
    return published + {True: ", recoverable", False: ", **not recoverable**", None: ""}[fleet.recoverable]
