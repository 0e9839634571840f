"""Tells whomever a stack tells of what a command does to its fleets. Whatever goes wrong with that is a warning."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from release.commands.output import tell
from release.errors import ReleaseError
from release.notify import stored
from release.notify.targets import Told
from release.notify.word import Word


def looked_up(stack: str, region: str) -> Told:
    """Return whom the stack tells. A warning says if that is not known."""
    told, warning = stored.look(stack, region)
    if warning:
        tell(f"warning: {warning}")
    return told


@contextmanager
def spread(word: Word) -> Generator[None]:
    """Tell that it starts on all its fleets, and how the block ended.

    If it is interrupted, nothing is told of its end: it goes on in AWS, and EventBridge tells of that.
    """
    for fleet in word.fleets:
        word.comes(fleet)
    try:
        yield
    except ReleaseError as error:
        for fleet, why in _failed(str(error), word).items():
            word.fails(fleet, why)
        _end(word)
        raise
    _end(word)


def _failed(error: str, word: Word) -> dict[str, str]:
    """Return the line of each fleet that an error of several is about; of all of them, if it names none."""
    lines = error.split("\n")
    found = {
        fleet: line
        for fleet in word.fleets
        for line in lines[::-1]
        if line.startswith((f"fleet {fleet}:", f"fleet {fleet} "))  # and not of web2, where web is meant
    }
    return found or dict.fromkeys(word.fleets, lines[0])


def _end(word: Word) -> None:
    for warning in word.end():
        tell(f"warning: {warning}")
