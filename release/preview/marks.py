"""Markdown of GitHub's kind, in which other people's text stays text: no link, no mention. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from release.text import clean, one_line

CODE = 240
"""Characters of a value or a name; the full diff has more of it."""
PROSE = 700
_MARKS = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",  # would notify somebody
        "#": "&#35;",  # would leave a reference at an issue of that number
        "*": "\\*",
        "_": "\\_",
        "~": "\\~",
        "[": "\\[",
        "]": "\\]",
        "\\": "\\\\",
    }
)


def size(text: str) -> int:
    """Return the length as JavaScript counts it, which is never less than the number of characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def code(text: str, limit: int = CODE) -> str:
    """Return text as code within a line."""
    said = one_line(text, limit)
    longest = max((len(run) for run in re.findall(r"`+", said)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if said[:1] in ("", "`") or said[-1:] == "`" else ""
    return f"{fence}{pad}{said}{pad}{fence}"


def prose(text: str, limit: int = PROSE) -> str:
    """Return a line in which what is between backticks stays code and all else is plain text."""
    said = one_line(text, limit)
    parts = said.replace("``", "''").split("`")
    if len(parts) % 2 == 0:  # one backtick too many
        parts[-2:] = ["'".join(parts[-2:])]
    return "`".join(part if index % 2 else part.translate(_MARKS) for index, part in enumerate(parts))


def fenced(lines: Iterable[str], language: str = "text") -> str:
    """Return lines as a block of code."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def items(lines: Iterable[str]) -> str:
    """Return a list of lines that are Markdown already."""
    return "\n".join(f"- {line}" for line in lines)


def capped(lines: Sequence[str], cap: int, more: str) -> list[str]:
    """Return at most that many lines, and one that says how many there are more."""
    left = len(lines) - cap
    return list(lines) if left <= 0 else [*lines[:cap], f"and {left:,} more {more}".rstrip()]


def collapsed(title: str, lines: Sequence[str], room: int, *, language: str, rest: str) -> str:
    """Return lines as a closed block with a title, of which as much is kept as there is room for, saying so.

    `rest` says where the other lines are. Returns "" if there is no room for it.
    """
    cleaned = [clean(line, 2000).replace("\n", " ") for line in lines]
    for kept in _fewer(len(cleaned)):
        left = len(cleaned) - kept
        note = [] if not left else [f"… {left:,} more lines are left out: {rest}"]
        said = f"{title}, shortened" if left else title
        block = f"<details><summary>{said}</summary>\n\n{fenced([*cleaned[:kept], *note], language)}\n\n</details>"
        if size(block) <= room:
            return block
    return ""


def _fewer(number: int) -> Iterable[int]:
    """Yield numbers of lines to try: all, then ever fewer, down to none."""
    while number > 0:
        yield number
        number = number * 9 // 10
    yield 0
