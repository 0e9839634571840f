"""Where things lie: the checkout, its `.sandbox` folder, and the cache that checkouts share."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from sandbox.errors import SandboxError

CHECKOUT = Path(__file__).resolve().parent.parent
SANDBOX = CHECKOUT / ".sandbox"


def cache_root() -> Path:
    """The folder that outlives checkouts: `$SLIPWAY_CACHE`, else `slipway` in the user's cache folder.

    Raises SandboxError where the user has no home.
    """
    chosen = os.environ.get("SLIPWAY_CACHE")
    try:
        if chosen:
            return Path(chosen).expanduser().resolve()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "slipway"
    except RuntimeError:
        raise SandboxError("this user has no home folder: set HOME, or SLIPWAY_CACHE=FOLDER") from None


def private(folder: Path) -> None:
    """Make a folder that nobody else looks into, or make one that is there such."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else reads."""
    file.touch(mode=0o600)
    file.chmod(0o600)  # it may have been there with another one
    file.write_text(text, encoding="utf-8")


def machine() -> str:
    """The operating system and processor as Go names them, such as `linux-amd64`."""
    processor = platform.machine().lower()
    processor = {"x86_64": "amd64", "aarch64": "arm64"}.get(processor, processor)
    return f"{sys.platform}-{processor}"
