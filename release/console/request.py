"""What is asked of an instance, and how it gets there. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

LIMIT = 16_000
"""Characters of a request: SendCommand takes no more than 64 KiB with all that is around it."""
_PARTS = ("told", "masking", "outlet", "remote")
"""The modules that run on an instance, as one program: each uses only those before it."""


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
        return base64.b64encode(document.encode("utf-8", "surrogateescape")).decode()


def script(request: str) -> Sequence[str]:
    """Return the lines for `sh` that run an encoded request on an instance."""
    return [f"exec python3 -I - '{request}' <<'PYTHON'", *program(), "PYTHON"]


def program() -> Sequence[str]:
    """Return the lines of the program that runs on an instance."""
    lines = ["from __future__ import annotations"]
    for part in _PARTS:
        text = Path(__file__).with_name(f"{part}.py").read_text(encoding="utf-8")
        lines += [line for line in text.splitlines() if not line.startswith(("from __future__", "from release."))]
    return lines
