"""Which violations count: those that no exception covers, and what is wrong with the exceptions themselves. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from policy import exceptions
from policy.exceptions import Excepted, ExceptionsError
from policy.rule import Rule, Violation

UNUSED = "exceptions"
"""The name under which problems of the exceptions are reported."""


class Verdicts:
    """Judges rule by rule, and remembers which exceptions were needed."""

    def __init__(self, file: Path, today: date) -> None:
        self._today = today
        self._asked: set[str] = set()
        self._needed: set[Excepted] = set()
        self._broken: str | None = None
        self._all: tuple[Excepted, ...] = ()
        try:
            self._all = exceptions.read(file)
        except ExceptionsError as error:
            self._broken = str(error)

    def of(self, rule: Rule, found: Iterable[Violation]) -> tuple[Violation, ...]:
        """Return the violations of a rule that no exception covers."""
        theirs = [each for each in self._all if each.id == rule.id]
        judged = exceptions.judge(found, theirs, self._today)
        self._asked.add(rule.id)
        self._needed |= set(theirs) - set(judged.unused)
        return judged.left

    def problems(self, stack: str) -> Iterator[str]:
        """Yield what is wrong with the exceptions that are about a stack, once every rule has been asked."""
        if self._broken:
            yield self._broken
        for each in self._all:
            if each.id not in self._asked or each in self._needed or not fnmatch.fnmatchcase(stack, each.stack):
                continue
            if each.until and each.until < self._today:
                yield f"the exception of {each} ended on {each.until}: fix what it is about, or decide anew until when"
            else:
                yield f"the exception of {each} matches nothing: remove it from policy/{exceptions.FILE.name}"
