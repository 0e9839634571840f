"""What is asked of an instance. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

LIMIT = 16_000
"""Characters of an encoded request: far below what a parameter of a document and an argument on Linux may have."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A command as it was typed, word by word; `seconds` is how long it may take."""

    argv: tuple[str, ...]
    seconds: int
    group: str
    """The log group that takes what it says."""
    stream: str

    @property
    def encoded(self) -> str:
        """Return it as remote.py reads it."""
        return _packed(asdict(self))


def on_terminal(argv: Sequence[str]) -> str:
    """Return a command as terminal.py reads it."""
    return _packed({"argv": list(argv)})


def _packed(document: Mapping[str, object]) -> str:
    """Return it in letters, digits, `+`, `/` and `=`, which mean nothing to a shell."""
    return base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()
