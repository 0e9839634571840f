"""A preview as a comment on a pull request: first what a reviewer must know. Pure.

It always fits: GitHub refuses what is longer than LIMIT. The diff is shortened first, then commits, then long lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from release.preview import breaks, details, fleet_table, lines, marks, sentence
from release.preview.document import Preview, warnings
from release.preview.lines import Line
from release.preview.marks import capped, code, fenced, items, prose
from release.preview.steps import Step, name_in
from release.preview.words import count, kind, plural, verb

LIMIT = 65_536
"""Characters of a comment on GitHub (its API answers 422 to more)."""
_CAPS = (500, 60, 20, 6)
"""How many entries of each list are shown: the first number with which the page fits."""
_RESERVED = 1500
"""Characters kept for the collapsed parts, so that they can say at least that they were left out."""
_IN_DIFF = "in the full diff"


def marker(stack: str) -> str:
    """Return the hidden first line by which the comment is found again."""
    return f"<!-- slipway:preview stack={stack} -->"


def page(preview: Preview, limit: int = LIMIT) -> str:
    """Return the page, at most `limit` characters long."""
    summary = ""
    for cap in _CAPS:
        summary = "\n\n".join(part for part in _parts(preview, cap) if part)
        if marks.size(summary) <= limit - _RESERVED:
            break
    rest = details.of(preview, limit - marks.size(summary) - 4)
    return "\n\n".join([summary, *rest]) + "\n"


def _parts(preview: Preview, cap: int) -> Iterator[str]:
    yield marker(preview.stack)
    yield f"**{preview.stack}:** {sentence.of(preview)}"
    if not preview.previewed.complete:
        yield _refused(preview, cap)
    sections: Sequence[Callable[[Preview, int], str]] = (
        _replaced,
        _deleted,
        _changed,
        _created,
        fleet_table.of,
        _drift,
        _cost,
        _policies,
    )
    for section in sections:
        yield section(preview, cap)
    if preview.previewed.complete:
        yield _refused(preview, cap)
    yield _warned(preview, cap)
    yield _unknown(preview, cap)
    yield _foot(preview)


def _section(title: str, body: str) -> str:
    return f"#### {title}\n\n{body}"


def _replaced(preview: Preview, cap: int) -> str:
    steps = preview.of("replace")
    if not steps:
        return ""
    return _section(f"Replaced: {len(steps):,}", items(capped([_replacement(step) for step in steps], cap, _IN_DIFF)))


def _replacement(step: Step) -> str:
    changed = [line for line in lines.of(step) if line.replaces] or list(lines.of(step))
    because = f", because of {_shown(changed, 3)}" if changed else ""
    broken = breaks.told(step)
    return f"{kind(step.type)} {code(step.name)}{because}" + (f"<br>{broken}" if broken else "")


def _shown(changed: Sequence[Line], cap: int) -> str:
    """Return lines as code, one after the other."""
    more = f" and {len(changed) - cap} more" if len(changed) > cap else ""
    return ", ".join(code(lines.as_text(line)) for line in changed[:cap]) + more


def _deleted(preview: Preview, cap: int) -> str:
    steps = preview.of("delete")
    if not steps:
        return ""
    groups: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        groups.setdefault((step.type, breaks.told(step)), []).append(step)
    said = [_named(token, of, cap) + (f"<br>{broken}" if broken else "") for (token, broken), of in groups.items()]
    return _section(f"Deleted: {len(steps):,}", items(capped(said, cap, _IN_DIFF)))


def _named(token: str, steps: Sequence[Step], cap: int) -> str:
    """Return what the steps of one type are about: `3 subnets: a, b, c`."""
    called = kind(token) if len(steps) == 1 else f"{len(steps):,} {plural(kind(token))}"
    return f"{called}: " + ", ".join(capped([code(step.name) for step in steps], cap, ""))


def _changed(preview: Preview, cap: int) -> str:
    """Return what changes; what only says which release a fleet has is in the table of fleets."""
    told = [(step, [line for line in lines.of(step) if not line.release]) for step in preview.of("update")]
    changed = [(step, of) for step, of in told if of]
    if not changed:
        return ""
    said = capped([_change(step, of, min(cap, 12)) for step, of in changed], cap, _IN_DIFF)
    return _section(f"Changed: {len(changed):,}", items(said))


def _change(step: Step, changed: Sequence[Line], cap: int) -> str:
    head = f"{kind(step.type)} {code(step.name)}: "
    if len(changed) == 1:
        return head + code(lines.as_text(changed[0]))
    return head.rstrip(": ") + "".join(
        f"\n  - {line}" for line in capped([code(lines.as_text(each)) for each in changed], cap, "")
    )


def _created(preview: Preview, cap: int) -> str:
    steps = preview.of("create")
    if not steps:
        return ""
    groups: dict[str, list[Step]] = {}
    for step in steps:
        groups.setdefault(step.type, []).append(step)
    said = [_named(token, of, min(cap, 12)) for token, of in groups.items()]
    return _section(f"Created: {len(steps):,}", items(capped(said, cap, _IN_DIFF)))


def _drift(preview: Preview, cap: int) -> str:
    drift = preview.drift
    if drift is None or not (drift.drifted or drift.by_slipway or drift.unknown):
        return ""
    said = []
    for each in drift.drifted:
        what = "is gone" if each.gone else "; ".join(f"{code(lines.change(change))}" for change in each.changes[:6])
        said.append(f"{kind(each.type)} {code(each.name)}: {what}" + (f"<br>{prose(each.undo)}" if each.undo else ""))
    said += [prose(line) for line in (*drift.by_slipway, *drift.unknown)]
    title = "Changed in AWS by hand" if drift.drifted else "Changed in AWS since the last `up`"
    return _section(title, items(capped(said, cap, "")))


def _cost(preview: Preview, cap: int) -> str:
    cost = preview.cost
    if cost is None or cost.silent:
        return ""
    known = [item for item in cost.items if item.dollars is not None]
    said = [f"{prose(item.what)}: {_dollars(item.dollars or 0)}" for item in known]
    said += [f"{prose(what)}: not known" for what in cost.unknown]
    total = f"about {_dollars(cost.dollars)} a month" if known else "not known"
    prices = f" (list prices of {cost.prices_of}, without traffic)" if cost.prices_of else ""
    return _section(f"Cost: {total}", items(capped(said, cap, "")) + prices)


def _dollars(dollars: float) -> str:
    return f"{'+' if dollars >= 0 else '-'}${abs(dollars):,.0f}"


def _policies(preview: Preview, cap: int) -> str:
    violations = preview.previewed.violations
    if not violations:
        return ""
    ordered = sorted(violations, key=lambda each: (each.level != "mandatory", each.rule, each.urn))
    said = [
        f"**{each.level}** {code(each.rule)} {code(name_in(each.urn) or preview.stack)}: {prose(each.message)}"
        for each in ordered
    ]
    title = f"Policies: {count(len(violations), 'violation')}, {len(preview.mandatory):,} mandatory"
    return _section(title, items(capped(said, cap, "")))


def _refused(preview: Preview, cap: int) -> str:
    if not preview.refused:
        return ""
    own = preview.errors
    parts = [fenced(capped([line for text in own for line in text.splitlines()], cap * 2, ""))] if own else []
    others = [prose(line) for line in preview.refused if line not in own]
    return _section(
        "What `up` will refuse", "\n\n".join([*parts, *([items(capped(others, cap, ""))] if others else [])])
    )


def _warned(preview: Preview, cap: int) -> str:
    said = [prose(line) for line in warnings(preview)]
    return _section("Warnings", items(capped(said, cap, ""))) if said else ""


def _unknown(preview: Preview, cap: int) -> str:
    said = [prose(line) for line in dict.fromkeys((*preview.facts.unknown, *preview.unknown))]
    return _section("Not known", items(capped(said, cap, ""))) if said else ""


def _foot(preview: Preview) -> str:
    same = preview.previewed.same
    said = [f"{count(same, 'resource')} {verb(same, 'stays as it is', 'stay as they are')}"] if same else []
    if preview.previewed.packs and not preview.previewed.violations:
        said.append(f"no rule of {', '.join(map(code, preview.previewed.packs))} is broken")
    if preview.fingerprint is not None:
        said.append(f"fingerprint `{preview.fingerprint.digest[:19]}`")
    return f"<sub>{' · '.join(said)}</sub>" if said else ""
