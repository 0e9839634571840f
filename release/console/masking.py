"""Takes secrets out of what a command says. Pure: it is also sent to instances, as a part of what runs there.

Python 3.9 and the standard library, nothing else (remote.py). What counts as a secret is as in boot.sh (`safe`).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from urllib.parse import quote, quote_plus, unquote

PIECE = 30_000
"""Characters in a line of the log: as JSON they stay below the 256 KiB of an event (PutLogEvents)."""


def forms(values: Mapping[str, str]) -> dict[str, str]:
    """Return what must not be shown, with the secret's name: also as a traceback, JSON, a URL or base64 has it."""
    names: dict[str, str] = {}
    for name, value in values.items():
        inner = re.match(r"[\w+.-]+://[^/@\s]*:([^@\s]+)@", value)
        parts = [value, value.strip(), *(line for line in value.splitlines() if len(line) > 7)]
        parts += [*(inner.groups() if inner else ()), *re.findall(r':\s*"([^"\\]{6,})"', value)]
        for part in filter(str.strip, parts):
            coded = base64.b64encode(part.encode("utf-8", "surrogateescape")).decode().rstrip("=")
            said = part, repr(part)[1:-1], json.dumps(part)[1:-1], quote(part), quote_plus(part), unquote(part), coded
            names.update((form, name) for form in said if form)
    return names


class Mask:
    """Replaces secrets in a stream of text, of which it holds back what may be the beginning of one."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._names = forms(values)
        self._longest = max(map(len, self._names), default=0)
        # What is short may be part of any word.
        each = (
            re.escape(form) if len(form) > 5 else rf"(?<!\w){re.escape(form)}(?!\w)"
            for form in sorted(self._names, key=len)[::-1]
        )
        self._pattern = re.compile("|".join(each)) if self._names else None
        self._held = ""

    def take(self, text: str, *, last: bool = False) -> str:
        """Return what can be shown now: whole lines, or the most of a long one; with `last` all that is left."""
        text = self._held + text
        end = len(text) if last else text.rfind("\n") + 1
        if not end and len(text) > PIECE + self._longest:
            end = self._cut(text, len(text) - self._longest)
        self._held = text[end:]
        if self._pattern is None:
            return text[:end]
        return self._pattern.sub(lambda found: f"(secret {self._names[found[0]]})", text[:end])

    def _cut(self, text: str, end: int) -> int:
        """Return an end no later than that, which is within no secret."""
        for found in self._pattern.finditer(text) if self._pattern else ():
            if found.start() < end < found.end():
                return found.start()
        return end
