"""The paths of the checkout, its `.sandbox` folder, and the cache that checkouts share."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from sandbox.errors import SandboxError

CHECKOUT = Path(__file__).resolve().parent.parent
SANDBOX = CHECKOUT / ".sandbox"


def cache_root() -> Path:
    """Return the folder that outlives checkouts: `$SLIPWAY_CACHE`, or `slipway` in the user's cache folder.

    Raises SandboxError if the user has no home folder.
    """
    chosen = os.environ.get("SLIPWAY_CACHE")
    try:
        if chosen:
            return Path(chosen).expanduser().resolve()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "slipway"
    except RuntimeError:
        raise SandboxError("this user has no home folder: set HOME, or SLIPWAY_CACHE=FOLDER") from None


def private(folder: Path) -> None:
    """Make a folder that only this user can read, or restrict an existing one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(file: Path, text: str) -> None:
    """Write a file that only this user can read."""
    file.touch(mode=0o600)
    file.chmod(0o600)  # it may have existed with another mode
    file.write_text(text, encoding="utf-8")


def machine() -> str:
    """Return the operating system and processor as Go names them, such as `linux-amd64`."""
    processor = platform.machine().lower()
    processor = {"x86_64": "amd64", "aarch64": "arm64"}.get(processor, processor)
    return f"{sys.platform}-{processor}"
