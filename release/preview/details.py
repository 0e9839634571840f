"""The collapsed parts of the page: commits, and the full diff, each as long as there is room for. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from release.preview import lines, marks
from release.preview.document import Preview
from release.preview.lines import Line
from release.preview.marks import collapsed
from release.preview.steps import Step
from release.preview.words import count, kind, short

_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
_LEFT_OUT = "<sub>The full diff is left out: there is no room for it.</sub>"


def of(preview: Preview, room: int) -> list[str]:
    """Return the blocks, together no longer than `room` with two line breaks before each."""
    diff = [line for step in preview.steps for line in _diff(step)]
    found: list[str] = []
    needed = _length(diff)
    for title, told in _logs(preview):
        rest = "`git log` has them"
        # The diff may need less than half; what is left is the commits'.
        block = collapsed(title, told, max(room // 2, room - needed), language="text", rest=rest)
        if block:
            found.append(block)
            room -= marks.size(block) + 2
    if diff:
        rest = f"pulumi preview --diff --stack {preview.stack}"
        title = f"Full diff: {count(len(preview.steps), 'resource')}"
        found.append(collapsed(title, diff, room - 2, language="diff", rest=rest) or _LEFT_OUT)
    return found


def _length(diff: list[str]) -> int:
    return sum(marks.size(line) + 1 for line in diff) + 400


def _logs(preview: Preview) -> Iterator[tuple[str, list[str]]]:
    """Yield a title and the commits of each way from a release to another."""
    for way in preview.facts.between:
        for log, said in ((way.added, "Commits"), (way.removed, "Commits that are taken back")):
            if log.count:
                more = log.count - len(log.lines)
                note = [f"… and {more:,} more"] if more > 0 else []
                yield f"{said}, {short(way.old)} to {short(way.new)}: {log.count:,}", [*log.lines, *note]


def _diff(step: Step) -> Iterator[str]:
    yield f"{_SIGNS.get(step.op, step.op)} {step.op} {kind(step.type)} {step.name}"
    for line in lines.of(step):
        yield from _both(line)


def _both(line: Line) -> Iterator[str]:
    why = "  # forces the replacement" if line.replaces else ""
    if lines.is_one(line):
        yield f"!     {lines.as_text(line)}{why}"
        return
    if line.before is not None:
        yield f"-     {line.name}: {line.before}{why}"
    if line.after is not None:
        yield f"+     {line.name}: {line.after}{why}"
