"""Prints results to standard output, and what the person who waits should know to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from release.store.manifest import Manifest, to_json
from release.text import clean, one_line

_ANEW = "\r\x1b[K"
"""To a terminal: go to the beginning of the line, and empty it."""


def as_json(value: object) -> None:
    """Print a value as indented JSON."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def document(manifest: Manifest) -> Mapping[str, object]:
    """Return a manifest as the store has it."""
    return json.loads(to_json(manifest))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need to be; a cell never spills over, whoever wrote its text."""
    headings, *rows = [[one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    for row in (headings, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def tell(line: str) -> None:
    """Print a line to standard error, without what would steer a terminal."""
    sys.stderr.write(clean(line, 100_000) + "\n")


def progress(line: str) -> None:
    """Show what is being waited for on standard error: redrawn on a terminal; in a log each line stays."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{_ANEW}{one_line(line)}")
        sys.stderr.flush()
    else:
        tell(line)


def progress_ended() -> None:
    """Remove the progress from a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(_ANEW)
