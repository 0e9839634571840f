"""Collects the problems of a configuration, so that all of them are reported at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from pydantic_core import ErrorDetails

from release.text import clean

Path: TypeAlias = tuple[str | int, ...]

_WANTED = {
    "text": "must be text",
    "bool_type": "must be true or false",
    "model_type": "must be a mapping of settings",
    "dict_type": "must be a mapping of settings",
}


class SettingsError(ValueError):
    """Everything that is wrong with the settings of one stack; its text is ready for the user."""

    def __init__(self, stack: str, problems: Iterable[str]) -> None:
        self.stack = stack
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{clean(stack, 100)}: {count} problem{'s' if count != 1 else ''} in the configuration"
        super().__init__("\n".join([head, *(f" - {problem}" for problem in self.problems)]))


class Problems:
    """Collects `path: what is wrong; how to fix it`, in the order of finding, each once.

    `variables` has the environment variables that stand in for settings, by the settings' paths. Values of an app's
    environment, and those below a path that is `encrypted`, are never shown.
    """

    def __init__(self, variables: Mapping[str, str], encrypted: Collection[str]) -> None:
        self._variables = variables
        self._encrypted = encrypted
        self._found: dict[str, None] = {}
        self._wrong: set[str] = set()

    def add(self, path: str, text: str) -> None:
        """Add a problem, unless one of the same setting is known."""
        if self.sound(path):
            self._found[clean(f"{self._variables.get(path, path)}: {text}")] = None

    def wrong(self, path: Path, text: str) -> None:
        """Add what is wrong with one setting by itself."""
        self.add(shown(path), text)
        self._wrong.add(shown(path))

    def sound(self, *paths: str) -> bool:
        """Return whether nothing is wrong with the settings at these paths, or with an item of theirs."""
        return not any(
            wrong == path or wrong.startswith(f"{path}[") or path.startswith((f"{wrong}.", f"{wrong}["))
            for path in paths
            for wrong in self._wrong
        )

    def is_hidden(self, path: Path) -> bool:
        """Return whether the value at a path may be secret."""
        told_or_kept = path[2:3] in (("environment",), ("secrets",)) or path[:1] == ("notify",)
        return told_or_kept or covers(self._encrypted, shown(path))

    def raise_any(self, stack: str) -> None:
        """Raise SettingsError with all problems, if there are any."""
        if self._found:
            raise SettingsError(stack, self._found)


def told(error: ErrorDetails, path: str, known: Collection[str], *, hidden: bool) -> str:
    """Return what pydantic, or a kind of value, found at `path`, and how to fix it.

    `known` are the settings beside an unknown one. Of a `hidden` value only the type is told.
    """
    value, kind, context = error["input"], error["type"], error.get("ctx", {})
    if kind == "told":
        return context["text"]
    if kind == "extra_forbidden":
        meant = closest(path.rpartition(".")[2], known)
        return "unknown setting; " + (f"did you mean {meant}?" if meant else f"known here: {', '.join(sorted(known))}")
    if kind == "missing":
        return f"missing; set it with `{set_command(path, 'VALUE')}`, or remove {path.rpartition('.')[0]}"
    if kind == "literal_error":
        options = re.findall("'([^']+)'", context["expected"])
        meant = closest(value, options) if isinstance(value, str) else None
        context = {
            "wanted": f"must be one of {', '.join(options)}",
            "hint": f"; did you mean {meant}?" if meant else "",
        }
    if kind == "text":
        by_command = "" if path.endswith("]") else f", or set it with `{set_command(path, 'TEXT --type string')}`"
        context = {"hint": f"; put it in quotes{by_command}"}
    is_value = kind in ("value", "literal_error") and not hidden
    said = repr(value) if is_value else _type(value, hidden=hidden)
    return f"{context.get('wanted') or _WANTED[kind]}, is {said}{context.get('hint', '')}"


def shown(path: Path) -> str:
    """Return a path as a user writes it: `fleets.web.egress[1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]


def covers(encrypted: Iterable[str], path: str) -> bool:
    """Return whether a path, or what it lies below, is among the encrypted ones."""
    return any(path == found or path.startswith(f"{found}.") for found in encrypted)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant, also where only case or hyphens differ."""
    plain = {candidate.lower().replace("-", "").replace("_", ""): candidate for candidate in known}
    matches = difflib.get_close_matches(word.lower().replace("-", "").replace("_", ""), plain, n=1)
    return plain[matches[0]] if matches else None


def set_command(path: str, value: str) -> str:
    """Return the command that sets a setting."""
    return f"pulumi config set --path slipway:{path} {value}"


def _type(value: object, *, hidden: bool) -> str:
    """Return what a value is, in the words of a stack file."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "a boolean" if hidden else str(value).lower()
    if isinstance(value, int | float):
        return "a number" if hidden else f"the number {value}"
    if isinstance(value, str):
        return "text" if hidden else f"the text {value!r}"
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, Mapping) else type(value).__name__
