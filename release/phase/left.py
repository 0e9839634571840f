"""What a rollback says of release phases: they are not undone."""

from __future__ import annotations

from release.errors import ReleaseError
from release.phase.decide import BEGAN
from release.store.notes import Notes

_LOOKED_AT = 5


def not_run(stack: str, notes: Notes) -> str | None:
    """Return what to say where no release phase runs although the stack has some; None if it has none.

    It says nothing where the store does not: whoever rolls back must not wait for it.
    """
    try:
        last = next((note for note in notes.newest(stack, _LOOKED_AT) if note.what != BEGAN), None)
    except ReleaseError:
        return None
    if last is None:
        return None
    return (
        "the release phase does not run, and what it has changed stays: the last one was that of "
        f"{last.facts.get('sha', '?')[:12]} ({last.what}, {last.when:%Y-%m-%d %H:%M} UTC)"
    )
