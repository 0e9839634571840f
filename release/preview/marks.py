"""Markdown of GitHub's kind, in which other people's text stays text: no link, no mention. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from release.text import clean, one_line

T = TypeVar("T")

LIMIT = 65_536
"""Characters of a comment or an issue on GitHub (its API answers 422 to more)."""

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


def code(text: str, limit: int = 240) -> str:
    """Return text as code within a line."""
    said = one_line(text, limit)
    longest = max((len(run) for run in re.findall(r"`+", said)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if said[:1] in ("", "`") or said[-1:] == "`" else ""
    return f"{fence}{pad}{said}{pad}{fence}"


def prose(text: str, limit: int = 700) -> str:
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


@dataclass(frozen=True, kw_only=True)
class Room:
    """How long a page may be: how many entries a list has, and how many characters a piece of code and a line have."""

    entries: int
    code: int = 240
    prose: int = 700

    def capped(self, things: Sequence[T], show: Callable[[T], str], more: str = "", most: int = 10_000) -> list[str]:
        """Return as many things as there is room for, as they are shown, and a line of how many there are more."""
        kept = min(self.entries, most)
        left = len(things) - kept
        shown = [show(thing) for thing in things[:kept]]
        return shown if left <= 0 else [*shown, f"and {left:,} more {more}".rstrip()]

    def in_code(self, text: str) -> str:
        """Return text as code within a line, cut."""
        return code(text, self.code)

    def in_prose(self, text: str) -> str:
        """Return text as a line of prose, cut."""
        return prose(text, self.prose)

    def strong(self, text: str) -> str:
        """Return text that a reader must not miss."""
        return f"**{text}**"


class Plain(Room):
    """The same for a terminal, where nothing is marked."""

    def in_code(self, text: str) -> str:
        """Return text in one line, cut."""
        return one_line(text, self.code)

    def in_prose(self, text: str) -> str:
        """Return text in one line, cut."""
        return one_line(text, self.prose)

    def strong(self, text: str) -> str:
        """Return the text."""
        return text


def collapsed(title: str, lines: Sequence[str], room: int, *, language: str, rest: str) -> str:
    """Return lines as a closed block with a title, of which as much is kept as there is room for, saying so.

    `rest` says where the other lines are. Returns "" if there is no room for it.
    """
    note = f"… {len(lines):,} more lines are left out: {rest}"
    room -= size(_block(f"{title}, shortened", [note], language))
    kept: list[str] = []
    fence = 3
    for line in lines:
        cleaned = clean(line, 2000).replace("\n", " ")
        longest = max((len(run) + 1 for run in re.findall(r"`+", cleaned)), default=0)
        room -= size(cleaned) + 1 + 2 * max(0, longest - fence)  # the fence is longer than any in it
        fence = max(fence, longest)
        if room < 0:
            break
        kept.append(cleaned)
    left = len(lines) - len(kept)
    if not left:
        return _block(title, kept, language)
    note = note.replace(f"{len(lines):,}", f"{left:,}", 1)
    return _block(f"{title}, shortened", [*kept, note], language) if kept else ""


def _block(title: str, lines: Sequence[str], language: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{fenced(lines, language)}\n\n</details>"
