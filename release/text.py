"""Text that strangers wrote (an app's output, an object somebody put into the bucket), fit to be shown. Pure."""

from __future__ import annotations

import re
import unicodedata

LIMIT = 4000
"""Characters; what is longer is cut."""

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Escape sequences of terminals (ECMA-48): colours, cursor movements, window titles."""
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the order in which what follows is shown."""
_BREAKS = frozenset("\t\v\f\r\x85\u2028\u2029")


def clean(text: object, limit: int = LIMIT) -> str:
    """`text` without what a terminal, a log or UTF-8 chokes on; lines stay lines, and what is over `limit` is cut.

    Lone surrogates (bytes that were no UTF-8) become U+FFFD.
    """
    said = str(text)[: 2 * limit]  # bounded before the expressions run over it
    shown = "".join(map(_shown, _TERMINAL.sub("", said.replace("\r\n", "\n"))))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def one_line(text: object, limit: int = LIMIT) -> str:
    """As `clean`, in one line."""
    return " ".join(clean(text, limit).split())


def _shown(character: str) -> str:
    if character == "\n" or character in _BREAKS:
        return "\n" if character == "\n" else " "
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cc" or character in _DIRECTIONS else character
