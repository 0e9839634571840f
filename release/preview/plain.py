"""A preview for a terminal: the sentence, a line for each thing that changes, and what stands in the way. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from release.preview import drift_page, fleet_table, lines, sentence
from release.preview.document import Preview, warnings
from release.preview.marks import Plain
from release.preview.steps import name_in
from release.preview.words import kind
from release.text import one_line

_ROOM = Plain(entries=50)
_SIGNS = {"replace": "±", "delete": "-", "update": "~", "create": "+"}


def page(preview: Preview) -> str:
    """Return the lines."""
    return "\n".join(_lines(preview)) + "\n"


def _lines(preview: Preview) -> Iterator[str]:
    yield f"{preview.stack}: {sentence.of(preview)}".replace("**", "").replace("`", "")
    for fleet in preview.facts.fleets:
        release, instances, time = fleet_table.cells(fleet, _ROOM)
        yield f"  fleet {fleet.fleet}: {release}, {instances}" + (f"; takes {time}" if time else "")
    yield from (f"  {line}" for line in fleet_table.releases(preview.facts, _ROOM))
    for op, sign in _SIGNS.items():
        for step in preview.of(op):
            told = [line for line in lines.of(step) if not line.release] if op in ("replace", "update") else []
            if told or op != "update":
                yield f"  {sign} {kind(step.type)} {step.name}"
            yield from (f"      {one_line(lines.as_text(line), 200)}" for line in told)
    if preview.drift and preview.drift.found:
        yield "  changed in AWS by hand:"
        yield from (f"  {line}" for line in drift_page.entries(preview.drift))
    said = [("no drift", line) for line in (preview.drift.by_slipway if preview.drift else ())]
    said += [("up refuses", line) for line in preview.refused]
    said += [
        (f"{each.level} rule", f"{each.rule}: {name_in(each.urn) or preview.stack}: {each.message}")
        for each in preview.previewed.violations
    ]
    said += [("warning", line) for line in warnings(preview)]
    if preview.cost and not preview.cost.silent:
        said += [("a month", f"{each.what}: {_dollars(each.dollars)}") for each in preview.cost.items]
    unknown = preview.drift.unknown if preview.drift else ()
    said += [("not known", line) for line in (*preview.facts.unknown, *unknown, *preview.unknown)]
    yield from (f"  {what}: {one_line(line, 2000)}" for what, line in said)


def _dollars(dollars: float | None) -> str:
    return "not known" if dollars is None else f"{'-' if dollars < 0 else '+'}${abs(dollars):,.2f}"
