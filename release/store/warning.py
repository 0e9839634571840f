"""Warnings of what lies deep below a command or a rollout, where nobody is at hand to tell."""

from __future__ import annotations

import sys
import threading

_SAID: set[str] = set()
_ONE_AT_A_TIME = threading.Lock()


def warn_once(line: str) -> None:
    """To standard error, once in a process: Pulumi shows it below the stack's diagnostics."""
    with _ONE_AT_A_TIME:
        if line not in _SAID:
            _SAID.add(line)
            sys.stderr.write(f"warning: {line}\n")
