"""The timeline of a drill as a picture (SVG 1.1), readable without a script or a font of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.sax.saxutils import escape

from release.drill.markdown import duration
from release.drill.report import Report, Step
from release.text import one_line

WIDTH = 900
LEFT, RIGHT = 130, 20
ROW, TOP, BOTTOM = 30, 54, 34
_COLOURS = {"done": "#2f6f9f", "failed": "#b3261e", "ended": "#8a6d1a"}
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Seconds between two marks of the axis."""
_MARKS = 9


def svg(report: Report) -> str:
    """Return the picture: a bar for each step, the time of the first answer, and the objective."""
    begin = min([report.fault_at, *(step.began for step in report.steps)])
    rto = next((measure for measure in report.measures if measure.name == "RTO"), None)
    span = max([1.0, *((step.ended - begin).total_seconds() for step in report.steps)])
    marks: list[tuple[float, str, str]] = [((report.fault_at - begin).total_seconds(), "fault", "#b3261e")]
    offset = marks[0][0]
    if rto and rto.measured is not None:
        marks.append((offset + rto.measured, f"first answer, {duration(rto.measured)}", "#1b7f3b"))
    if rto and rto.objective is not None:
        marks.append((offset + rto.objective, f"objective, {duration(rto.objective)}", "#555555"))
    span = max([span, *(at for at, _, _ in marks if at <= 4 * span)])
    height = TOP + ROW * len(report.steps) + BOTTOM
    title = f"Timeline of the drill of {report.stack}, {report.began:%Y-%m-%d %H:%M} UTC"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" font-family="sans-serif" font-size="12">',
            f"<title>{_text(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *_axis(span, height),
            *(line for index, step in enumerate(report.steps) for line in _bar(index, step, begin, span)),
            *(line for row, mark in enumerate(marks) for line in _mark(row, mark, span, height)),
            "</svg>",
            "",
        )
    )


def _x(seconds: float, span: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * seconds / span, 1)


def _axis(span: float, height: int) -> Iterator[str]:
    step = next((each for each in _STEPS if span / each <= _MARKS), _STEPS[-1])
    at = 0
    while at <= span:
        x = _x(at, span)
        yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{height - BOTTOM}" stroke="#dddddd"/>'
        below = height - BOTTOM + 18
        yield f'<text x="{x}" y="{below}" text-anchor="middle" fill="#555555">{_text(duration(at))}</text>'
        at += step


def _bar(index: int, step: Step, begin: datetime, span: float) -> Iterator[str]:
    left = _x((step.began - begin).total_seconds(), span)
    right = _x((step.ended - begin).total_seconds(), span)
    top, width = TOP + ROW * index, max(2.0, round(right - left, 1))
    said = f"{step.name}: {duration(step.seconds)}, {step.outcome}"
    yield f'<text x="{LEFT - 8}" y="{top + 19}" text-anchor="end" fill="#222222">{_text(step.name)}</text>'
    yield (
        f'<rect x="{left}" y="{top + 5}" width="{width}" height="{ROW - 10}" rx="2" '
        f'fill="{_COLOURS[step.outcome]}"><title>{_text(said)}</title></rect>'
    )
    beside = right + 150 < WIDTH
    x, anchor = (right + 6, "start") if beside else (left - 6, "end")
    colour = "#222222"
    if not beside and left - LEFT < 60:  # no room on either side
        x, anchor, colour = right - 6, "end", "#ffffff"
    yield f'<text x="{x}" y="{top + 19}" text-anchor="{anchor}" fill="{colour}">{_text(duration(step.seconds))}</text>'


def _mark(row: int, mark: tuple[float, str, str], span: float, height: int) -> Iterator[str]:
    at, label, colour = mark
    if at > span:
        return
    x = _x(at, span)
    anchor = "end" if x > WIDTH - 150 else "start"
    dash = ' stroke-dasharray="5 3"' if row else ""
    yield f'<line x1="{x}" y1="{TOP - 6}" x2="{x}" y2="{height - BOTTOM}" stroke="{colour}" stroke-width="2"{dash}/>'
    place = x + (-4 if anchor == "end" else 4)
    yield f'<text x="{place}" y="{16 + 14 * row}" text-anchor="{anchor}" fill="{colour}">{_text(label)}</text>'


def _text(text: str) -> str:
    return escape(one_line(text, 120))
