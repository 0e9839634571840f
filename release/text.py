"""Makes text that strangers wrote (an app's output, an object in the bucket, a path) safe to show. Pure."""

from __future__ import annotations

import re
import unicodedata

LIMIT = 4000
"""Characters; longer text is cut."""

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Escape sequences of terminals (ECMA-48): colours, cursor movements, window titles."""
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the order in which the text after them is shown."""
_BREAKS = frozenset("\t\v\f\r\x85\u2028\u2029")


def clean(text: object, limit: int = LIMIT) -> str:
    """Return the text without what a terminal, a log or UTF-8 can't take, cut at `limit`; line breaks are kept.

    Lone surrogates (Python's form of bytes that are not UTF-8) become U+FFFD.
    """
    said = str(text)[: 2 * limit]  # cut before the regular expressions run over it
    # What is printable all over has nothing to take out; that is nearly every text, and takes no time.
    shown = said if said.isprintable() else "".join(map(_shown, _TERMINAL.sub("", said.replace("\r\n", "\n"))))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def one_line(text: object, limit: int = LIMIT) -> str:
    """Return the text as `clean` does, in one line."""
    return " ".join(clean(text, limit).split())


def shown_path(path: bytes) -> str:
    """Return a path with its control characters and its bytes that are not ASCII escaped."""
    return path.decode("utf-8", "backslashreplace").encode("unicode_escape").decode("ascii")


def _shown(character: str) -> str:
    if character == "\n" or character in _BREAKS:
        return "\n" if character == "\n" else " "
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cc" or character in _DIRECTIONS else character
