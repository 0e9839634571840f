"""Drift as a page: for an issue, and for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from release.preview import lines, marks
from release.preview.drift import Drift, Drifted
from release.preview.marks import LIMIT, Room, items, prose
from release.preview.steps import Step
from release.preview.words import count, kind, verb
from release.text import one_line

_ROOMS = (
    Room(entries=400),
    Room(entries=60),
    Room(entries=20, code=120, prose=300),
    Room(entries=5, code=60, prose=150),
)
"""How long the list is: the first of these with which the page fits."""
_CHANGES = 12


def marker(stack: str) -> str:
    """Return the hidden first line by which the issue is found again."""
    return f"<!-- slipway:drift stack={stack} -->"


def sentence(stack: str, found: Drift) -> str:
    """Return what there is in one sentence."""
    if not found.drifted:
        return f"{stack}: nothing was changed in AWS by hand{', as far as is known' if found.unknown else ''}"
    gone = sum(each.gone for each in found.drifted)
    others = found.resources - gone
    told = [f"{count(others, 'resource')} {verb(others, 'is', 'are')} not as the last `up` left it"] if others else []
    told += [f"{count(gone, 'resource')} {verb(gone, 'is', 'are')} gone"] if gone else []
    return f"{stack}: {' and '.join(told).replace('left it', 'left them' if others > 1 else 'left it')}"


def page(stack: str, found: Drift, limit: int = LIMIT) -> str:
    """Return Markdown of at most `limit` characters."""
    text = ""
    for room in _ROOMS:
        text = "\n\n".join(_parts(stack, found, room)) + "\n"
        if marks.size(text) <= limit:
            break
    return text


def _parts(stack: str, found: Drift, room: Room) -> Iterator[str]:
    yield marker(stack)
    yield f"**{prose(sentence(stack, found))}.**"
    if found.drifted:
        yield items(room.capped(found.drifted, lambda each: item(each, room), "(`python -m release drift`)"))
        yield "`pulumi up` alone does not look at AWS: what is here stays as it is until somebody runs what is named."
    if found.by_slipway:
        yield "Changed by Slipway itself, which is no drift:\n\n" + items(room.capped(found.by_slipway, room.in_prose))
    if found.unknown:
        yield "Not known:\n\n" + items(room.capped(found.unknown, room.in_prose))


def item(each: Drifted, room: Room) -> str:
    """Return an entry of a list: what is different, and what undoes it."""
    head = f"{kind(each.type)} {room.in_code(each.name)}"
    undo = f"<br>{room.in_prose(each.undo[:1].upper() + each.undo[1:])}." if each.undo else ""
    if each.gone:
        return f"{head} is **gone**.{undo}"
    told = room.capped(_lines(each), lambda line: room.in_code(lines.as_text(line)), "changes", most=_CHANGES)
    return f"{head}: {'; '.join(told)}{undo}"


def plain(stack: str, found: Drift) -> str:
    """Return the lines for a terminal."""
    return "\n".join(one_line(line, 2000) if line[:1] != " " else line for line in _plain(stack, found)) + "\n"


def entries(found: Drift) -> Iterator[str]:
    """Yield the lines about what differs, for a terminal."""
    for each in found.drifted:
        yield f"  {'-' if each.gone else '~'} {kind(each.type)} {each.name} ({one_line(each.id, 100)})"
        yield from (f"      {one_line(lines.as_text(line), 300)}" for line in _lines(each))
        yield f"      {each.undo.replace('`', '')}"


def _plain(stack: str, found: Drift) -> Iterator[str]:
    yield sentence(stack, found).replace("`", "")
    yield from entries(found)
    yield from (f"no drift: {line}" for line in found.by_slipway)
    yield from (f"not known: {line}" for line in found.unknown)


def _lines(each: Drifted) -> tuple[lines.Line, ...]:
    """Return its changes, taken apart as those of a step are."""
    step = Step(op="update", urn=each.urn, type=each.type, name=each.name, changes=each.changes, old={}, new={})
    return lines.of(step)
