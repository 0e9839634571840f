"""Filter patterns that match terms in JSON log events, as far as they are used here (CloudWatch Logs User Guide). Pure.

`{ ($.name = "value") && ($.other = "value") }`: names of the outermost object, compared with strings that may hold `*`
for any characters. The parentheses may be left out.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, cast

_TERM = r'\$\.(\w+)\s*=\s*"([^"]*)"'
_EACH = re.compile(rf"\(\s*{_TERM}\s*\)|{_TERM}")
_WHOLE = re.compile(rf"\{{\s*(?:\(\s*{_TERM}\s*\)|{_TERM})(?:\s*&&\s*(?:\(\s*{_TERM}\s*\)|{_TERM}))*\s*\}}")


class UnknownPattern(ValueError):
    """A JSON pattern with more in it than this emulator knows."""


def matcher(pattern: str) -> Callable[[str], bool] | None:
    """Return a function that tests a message, or None if the pattern is not for JSON. Raise UnknownPattern."""
    if not pattern.lstrip().startswith("{"):
        return None
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


def _is(said: object, wanted: str) -> bool:
    return isinstance(said, str) and fnmatchcase(said, wanted.replace("[", "[[]").replace("?", "[?]"))
