"""Prints warnings from code that has no caller to report them to."""

from __future__ import annotations

import sys
import threading

_SAID: set[str] = set()
_ONE_AT_A_TIME = threading.Lock()


def warn_once(line: str) -> None:
    """Print a warning to standard error, once a process. Pulumi shows it among the stack's diagnostics."""
    with _ONE_AT_A_TIME:
        if line not in _SAID:
            _SAID.add(line)
            sys.stderr.write(f"warning: {line}\n")
