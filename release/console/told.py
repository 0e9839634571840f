"""What an instance was told at launch: the assignments that its user data begins with. Pure.

It is sent to instances too: Python 3.9 and the standard library, nothing else (remote.py).
"""

from __future__ import annotations

import shlex

_LISTS = ("SECRETS", "PACKAGES")
_HEAD_ENDS = ("# What follows is release/boot.sh", "# Everything above was written by the release")
"""How the line after the assignments begins (release/component/user_data.py)."""


class Failure(Exception):
    """Why the command could not be run."""


class Told:
    """The assignments by name. Raises Failure if the user data is none of Slipway's."""

    def __init__(self, user_data: str) -> None:
        self.texts: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {name: [] for name in _LISTS}
        lines = user_data.splitlines(keepends=True)
        end = next((number for number, line in enumerate(lines) if line.startswith(_HEAD_ENDS)), None)
        if end is None:
            raise Failure("this instance was not launched by Slipway: what it runs at each boot is something else")
        inside = ""
        for word in shlex.split("".join(lines[2:end])):
            inside = self._take(word, inside)

    def _take(self, word: str, inside: str) -> str:
        """Take a word; return the list that goes on after it, or ""."""
        name, _, value = word.partition("=")
        if not inside:
            if name not in _LISTS or not value.startswith("("):
                self.texts[name] = value
                return ""
            inside, word = name, value[1:]
        ends = word.endswith(")")
        if item := word[:-1] if ends else word:
            self.lists[inside].append(item)
        return "" if ends else inside
