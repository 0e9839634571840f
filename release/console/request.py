"""What is asked of an instance. Pure."""

from __future__ import annotations

import base64
import json
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
        """Return it as remote.py reads it: letters, digits, `+`, `/` and `=`, which mean nothing to a shell."""
        document = json.dumps(asdict(self), separators=(",", ":"))
        return base64.b64encode(document.encode()).decode()
