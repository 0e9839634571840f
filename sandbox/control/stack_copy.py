"""Select a stack without changing its committed file.

When pulumi makes a stack, it rewrites a stack file that was not made for the sandbox's passphrase. The checkout must
stay as it is, so the rewritten file becomes a copy in the sandbox's folder, which pulumi is pointed at.
"""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.control.pulumi_cli import Pulumi


def path(directory: Path, name: str) -> Path:
    """Return where the copy of a stack file of this name is kept, if there is one."""
    return directory / "config" / name


def select(pulumi: Pulumi, name: str, file: Path, directory: Path) -> Path | None:
    """Make the stack or switch to it. Returns the copy to use in place of the committed file, if one is needed."""
    copy = path(directory, file.name)
    before = file.read_bytes()
    try:
        pulumi.ask("stack", "select", "--create", name)
        after = file.read_bytes()
        if after != before:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(after)
    finally:
        if file.read_bytes() != before:
            file.write_bytes(before)
    if not copy.exists():
        return None
    _refresh(copy, before)
    return copy


def _refresh(copy: Path, original: bytes) -> None:
    """Bring a copy up to date with the committed file, except for the lines that pulumi wrote."""
    secrets = re.compile(rb"^(encryptionsalt|secretsprovider|encryptedkey):.*\n?", re.MULTILINE)
    salt = re.search(rb"^encryptionsalt:.*$", copy.read_bytes(), re.MULTILINE)
    body = secrets.sub(b"", original).rstrip(b"\n") + b"\n"
    copy.write_bytes(body + (salt[0] + b"\n" if salt else b""))
