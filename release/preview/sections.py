"""The parts of the page, each a heading and a list; empty where there is nothing to say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from release.preview import breaks, fleet_table, lines, telling
from release.preview.cost import Item
from release.preview.document import MANDATORY, Preview, warnings
from release.preview.drift_page import item
from release.preview.events import Violation
from release.preview.lines import Line
from release.preview.marks import Room, fenced, items
from release.preview.steps import Step, name_in
from release.preview.words import count, kind, plural, verb
from release.text import clean

Section = Callable[[Preview, Room], str]
_IN_DIFF = "in the full diff"
_FEW = 12
"""Changes of one resource, or names in a line, that are shown at most."""


def _section(title: str, body: str) -> str:
    return f"#### {title}\n\n{body}"


def replaced(preview: Preview, room: Room) -> str:
    """Return what is replaced, because of what, and what that breaks."""
    steps = preview.of("replace")
    if not steps:
        return ""

    def show(step: Step) -> str:
        changed = [line for line in lines.of(step) if line.replaces] or lines.of(step)
        because = ", ".join(room.capped(changed, lambda line: room.in_code(lines.as_text(line)), most=3))
        said = f"{kind(step.type)} {room.in_code(step.name)}" + (f", because of {because}" if because else "")
        return said + _breaks(breaks.told(step))

    return _section(f"Replaced: {len(steps):,}", items(room.capped(steps, show, _IN_DIFF)))


def _breaks(broken: str) -> str:
    return f"<br>{broken}" if broken else ""


def deleted(preview: Preview, room: Room) -> str:
    """Return what is deleted and what that breaks, by type."""
    groups: dict[tuple[str, str], list[Step]] = {}
    gone = breaks.owners(preview.steps)
    for step in preview.of("delete"):
        groups.setdefault((step.type, breaks.told(step, gone)), []).append(step)
    if not groups:
        return ""

    def show(group: tuple[tuple[str, str], Sequence[Step]]) -> str:
        (token, broken), steps = group
        return _named(token, steps, room) + _breaks(broken)

    said = room.capped(list(groups.items()), show, _IN_DIFF)
    return _section(f"Deleted: {len(preview.of('delete')):,}", items(said))


def _named(token: str, steps: Sequence[Step], room: Room) -> str:
    """Return what the steps of one type are about: `2 subnets: a (10.0.0.0/20), b (10.0.16.0/20)`."""
    called = kind(token) if len(steps) == 1 else f"{len(steps):,} {plural(kind(token))}"

    def show(step: Step) -> str:
        told = telling.of(step)
        return room.in_code(step.name) + (f" ({room.in_code(told)})" if told else "")

    return f"{called}: " + ", ".join(room.capped(steps, show, most=_FEW))


def changed(preview: Preview, room: Room) -> str:
    """Return what changes; what only says which release a fleet has is in the table of fleets."""
    told = [(step, [line for line in lines.of(step) if not line.release]) for step in preview.of("update")]
    found = [(step, of) for step, of in told if of]
    if not found:
        return ""

    def show(each: tuple[Step, Sequence[Line]]) -> str:
        step, of = each
        said = room.capped(of, lambda line: room.in_code(lines.as_text(line)), most=_FEW)
        head = f"{kind(step.type)} {room.in_code(step.name)}"
        return f"{head}: {said[0]}" if len(of) == 1 else head + "".join(f"\n  - {line}" for line in said)

    return _section(f"Changed: {len(found):,}", items(room.capped(found, show, _IN_DIFF)))


def created(preview: Preview, room: Room) -> str:
    """Return what is created, by type."""
    groups: dict[str, list[Step]] = {}
    for step in preview.of("create"):
        groups.setdefault(step.type, []).append(step)
    if not groups:
        return ""
    said = room.capped(list(groups.items()), lambda group: _named(*group, room), _IN_DIFF)
    return _section(f"Created: {len(preview.of('create')):,}", items(said))


def drift(preview: Preview, room: Room) -> str:
    """Return what is different in AWS, apart from what this preview changes."""
    found = preview.drift
    if found is None or not (found.drifted or found.by_slipway or found.unknown):
        return ""

    title = "Changed in AWS by hand" if found.drifted else "Changed in AWS since the last `up`"
    notes = room.capped((*found.by_slipway, *found.unknown), room.in_prose)
    return _section(title, items([*room.capped(found.drifted, lambda each: item(each, room)), *notes]))


def cost(preview: Preview, room: Room) -> str:
    """Return how the bill changes, if that is worth a line."""
    found = preview.cost
    if found is None or found.silent:
        return ""

    def show(each: Item) -> str:
        return f"{room.in_prose(each.what)}: {'not known' if each.dollars is None else _dollars(each.dollars)}"

    known = any(each.dollars is not None for each in found.items)
    total = f"about {_dollars(found.dollars)} a month" if known else "not known"
    prices = f"\n\n<sub>List prices of {found.prices_of}, without traffic.</sub>" if found.prices_of and known else ""
    return _section(f"Cost: {total}", items(room.capped(found.items, show)) + prices)


def _dollars(dollars: float) -> str:
    return f"{'+' if dollars >= 0 else '-'}${abs(dollars):,.0f}"


def policies(preview: Preview, room: Room) -> str:
    """Return which rules are broken, those that stop an `up` first."""
    found = sorted(preview.previewed.violations, key=lambda each: (each.level != MANDATORY, each.rule, each.urn))
    if not found:
        return ""

    def show(each: Violation) -> str:
        where = room.in_code(name_in(each.urn) or preview.stack)
        return f"**{each.level}** {room.in_code(each.rule)} {where}: {room.in_prose(each.message)}"

    title = f"Policies: {count(len(found), 'violation')}, {len(preview.mandatory):,} mandatory"
    return _section(title, items(room.capped(found, show)))


def refused(preview: Preview, room: Room) -> str:
    """Return what `up` refuses as things are: the program's own words as they are, then what else stands in the way."""
    if not preview.refused:
        return ""
    said = [line for text in preview.errors for line in text.splitlines()]
    others = [line for line in preview.refused if line not in preview.errors]
    own = fenced(room.capped(said, lambda line: clean(line, room.prose))) if said else ""
    parts = [own, items(room.capped(others, room.in_prose))]
    return _section("What `up` will refuse", "\n\n".join(part for part in parts if part))


def warned(preview: Preview, room: Room) -> str:
    """Return what may go wrong."""
    said = warnings(preview)
    return _section("Warnings", items(room.capped(said, room.in_prose))) if said else ""


def unknown(preview: Preview, room: Room) -> str:
    """Return what could not be found out."""
    said = list(dict.fromkeys((*preview.facts.unknown, *preview.unknown)))
    return _section("Not known", items(room.capped(said, room.in_prose))) if said else ""


def foot(preview: Preview, _room: Room) -> str:
    """Return what is in order."""
    same, packs = preview.previewed.same, preview.previewed.packs
    said = [f"{count(same, 'resource')} {verb(same, 'stays as it is', 'stay as they are')}"] if same else []
    if packs and not preview.previewed.violations:
        said.append(f"no rule of {', '.join(packs)} is broken")
    if preview.fingerprint is not None:
        said.append(f"fingerprint `{preview.fingerprint.digest[:19]}`")
    return f"<sub>{' · '.join(said)}</sub>" if said and preview.previewed.complete else ""


IN_ORDER: Sequence[Section] = (
    *(replaced, deleted, changed, created, fleet_table.of),
    *(drift, cost, policies, refused, warned, unknown, foot),
)
"""As a reviewer reads them: what is lost, what changes, what is new, and what stands in the way."""
FAILED: Sequence[Section] = (refused, *(section for section in IN_ORDER if section is not refused))
"""The same where the preview failed: why it did comes first."""
