"""Filter patterns, as far as they are used here (CloudWatch Logs User Guide, "Filter pattern syntax"). Pure.

`%regular expression%`, of which the guide lists what may be in it; terms and "exact phrases", as moto has them.

`{ ($.name = "value") && ($.other = "value") }`: names of the outermost object, compared with strings that may hold `*`
for any characters. The parentheses may be left out.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, cast

from moto.logs.utils import EventMessageFilter

_TERM = r'\$\.(\w+)\s*=\s*"([^"]*)"'
_EACH = re.compile(rf"\(\s*{_TERM}\s*\)|{_TERM}")
_WHOLE = re.compile(rf"\{{\s*(?:\(\s*{_TERM}\s*\)|{_TERM})(?:\s*&&\s*(?:\(\s*{_TERM}\s*\)|{_TERM}))*\s*\}}")


_REGEX = re.compile(r"[A-Za-z0-9:_#=@/;, ^$?\[\]{}|\\*+.-]+")
"""What a regular expression may have in it; parentheses and letters of other scripts it may not."""
LONGEST = 1024


class UnknownPattern(ValueError):
    """A pattern that is none, or with more in it than this emulator knows."""


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that tests a message. Raise UnknownPattern."""
    if len(pattern) > LONGEST:
        raise UnknownPattern(f"it has more than {LONGEST} characters")
    if not pattern.strip():
        return lambda message: True
    if pattern.startswith("%"):
        return _expression(pattern)
    if not pattern.lstrip().startswith("{"):
        return EventMessageFilter(pattern).matches
    if not _WHOLE.fullmatch(pattern.strip()):
        raise UnknownPattern(pattern)
    terms = {found[1] or found[3]: found[2] or found[4] or "" for found in _EACH.finditer(pattern)}

    def matches(message: str) -> bool:
        try:
            document = json.loads(message)
        except (ValueError, RecursionError):
            return False
        if not isinstance(document, dict):
            return False
        said = cast("dict[str, Any]", document)
        return all(_is(said.get(name), value) for name, value in terms.items())

    return matches


def _expression(pattern: str) -> Callable[[str], bool]:
    if len(pattern) < 3 or not pattern.endswith("%") or not _REGEX.fullmatch(pattern[1:-1]):
        raise UnknownPattern(pattern)
    try:
        found = re.compile(pattern[1:-1])
    except re.error as error:
        raise UnknownPattern(f"{pattern}: {error}") from None
    return lambda message: found.search(message) is not None


def _is(said: object, wanted: str) -> bool:
    return isinstance(said, str) and fnmatchcase(said, wanted.replace("[", "[[]").replace("?", "[?]"))
