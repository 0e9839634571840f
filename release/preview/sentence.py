"""A preview in one sentence: what becomes of instances, of other resources, and whether anything is lost. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from release.preview.document import Preview
from release.preview.facts import Facts, FleetFacts
from release.preview.words import count, listed, verb
from release.rollout.estimate import roughly

_NAMED = 3
"""Fleets up to which they are named."""


def of(preview: Preview) -> str:
    """Return the sentence."""
    if preview.mandatory:
        broken = count(len(preview.mandatory), "mandatory rule")
        return f"`up` will refuse this: {broken} {verb(len(preview.mandatory), 'is', 'are')} broken."
    if not preview.previewed.complete:
        return "`pulumi preview` failed, and so would `up`, for the reasons below."
    if not preview.steps:
        said = "Nothing changes"
    else:
        said = "; ".join(_clauses(preview))
        said = said[:1].upper() + said[1:]
    refused = (
        f"; as things are, `up` will refuse it ({count(len(preview.refused), 'reason')})" if preview.refused else ""
    )
    drifted = preview.drift.resources if preview.drift else 0
    drift = f"; {count(drifted, 'resource')} {verb(drifted, 'was', 'were')} changed in AWS by hand" if drifted else ""
    return f"{said}{drift}{refused}."


def _clauses(preview: Preview) -> Iterator[str]:
    yield _replaced(preview)
    for becomes, said in (("created", "made"), ("deleted", "removed")):
        fleets = [fleet for fleet in preview.facts.fleets if fleet.becomes == becomes]
        if fleets:
            yield _made(fleets, said)
    others = _others(preview)
    if others:
        yield others
    yield _lost(preview)


def _replaced(preview: Preview) -> str:
    replaced = preview.facts.replaced
    if not replaced:
        return "no instance is replaced"
    total = len(preview.previewed.fleets)
    names = listed([f"`{fleet.fleet}`" for fleet in replaced])
    if total > len(replaced):
        named = f" ({names})" if len(replaced) <= _NAMED else ""
        who = f"{len(replaced)} of {count(total, 'fleet')} {verb(len(replaced), 'changes', 'change')}{named}"
    elif len(replaced) == 1:
        who = f"fleet {names} changes"
    else:
        who = f"all {len(replaced)} fleets change"
    return f"{who}: {_rolled(preview.facts)}"


def _rolled(whole: Facts) -> str:
    """Return how many instances are replaced, in how many steps, and how long that may take."""
    known = all(fleet.instances is not None for fleet in whole.replaced)
    if known and not whole.instances:
        return "there is no instance to replace"
    what = f"{count(whole.instances, 'instance')} {verb(whole.instances, 'is', 'are')} replaced"
    said = what if known else "instances are replaced"
    if whole.steps:
        said += f" in {count(whole.steps, 'step')}"
    return f"{said}, {roughly(whole.seconds)}" if whole.seconds else said


def _made(fleets: Sequence[FleetFacts], said: str) -> str:
    names = listed([f"`{fleet.fleet}`" for fleet in fleets]) if len(fleets) <= _NAMED else ""
    known = [fleet.instances for fleet in fleets if fleet.instances is not None]
    instances = f" with {count(sum(known), 'instance')}" if len(known) == len(fleets) else ""
    who = f"{'fleet' if len(fleets) == 1 else 'fleets'} {names}" if names else count(len(fleets), "fleet")
    return f"{who} {verb(len(fleets), 'is', 'are')} {said}{instances}"


def _others(preview: Preview) -> str:
    """Return how many resources are made and changed beside the rollouts."""
    ops = [step.op for step in preview.others]
    parts = [
        (number, said)
        for said, number in (("created", ops.count("create")), ("changed", ops.count("update")))
        if number
    ]
    if not parts:
        return ""
    first = f"{count(parts[0][0], 'resource')} {verb(parts[0][0], 'is', 'are')} {parts[0][1]}"
    rest = [f"{number:,} {verb(number, 'is', 'are')} {said}" for number, said in parts[1:]]
    return listed([first, *rest])


def _lost(preview: Preview) -> str:
    replaced, deleted = len(preview.of("replace")), len(preview.of("delete"))
    if not replaced and not deleted:
        return "nothing is deleted"
    parts = [(replaced, "replaced"), (deleted, "deleted")]
    told = [f"{count(n, 'resource')} {verb(n, 'is', 'are')} {said}" for n, said in parts if n]
    return f"**{listed(told)}**"
