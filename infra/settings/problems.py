"""The problems of a configuration, collected so that all of them can be told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from release.text import clean


class SettingsError(ValueError):
    """Everything that is wrong with the settings of one stack; its text is ready for the user."""

    def __init__(self, stack: str, problems: Iterable[str]) -> None:
        self.stack = stack
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{clean(stack, 100)}: {count} problem{'s' if count != 1 else ''} in the configuration"
        super().__init__("\n".join([head, *(f" - {problem}" for problem in self.problems)]))


class Problems:
    """Collects `path: what is wrong; how to mend it`, in the order of finding, each once."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}

    def add(self, path: str, text: str) -> None:
        self._found[clean(f"{path}: {text}")] = None

    def raise_any(self, stack: str) -> None:
        if self._found:
            raise SettingsError(stack, self._found)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, also where only case or hyphens differ."""
    plain = {candidate.lower().replace("-", "").replace("_", ""): candidate for candidate in known}
    matches = difflib.get_close_matches(word.lower().replace("-", "").replace("_", ""), plain, n=1)
    return plain[matches[0]] if matches else None
