"""Select a stack without changing its committed file.

When pulumi makes a stack, it rewrites a stack file that was not made for the sandbox's passphrase, or writes one for a
stack that shares its file with others. The checkout must stay as it is, so what it wrote goes into a copy in the
sandbox's folder, which pulumi is pointed at.
"""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.control.pulumi_cli import Pulumi

_SECRETS = re.compile(rb"^(encryptionsalt|secretsprovider|encryptedkey):.*\n?", re.MULTILINE)
_SALT = re.compile(rb"^encryptionsalt:.*$", re.MULTILINE)


def path(directory: Path, name: str) -> Path:
    """Return where the copy of a stack file of this name is kept, if there is one."""
    return directory / "config" / name


def select(pulumi: Pulumi, name: str, file: Path, directory: Path) -> Path | None:
    """Make the stack or switch to it. Returns the copy to use in place of the committed file, if one is needed."""
    own = file.with_name(f"Pulumi.{name}.yaml")
    copy = path(directory, own.name)
    before = _content(own)
    try:
        pulumi.ask("stack", "select", "--create", name)
        after = _content(own)
        if after != before or own != file:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(after or _content(copy) or b"")
    finally:
        if before is None:
            own.unlink(missing_ok=True)
        elif _content(own) != before:
            own.write_bytes(before)
    if not copy.exists():
        return None
    _refresh(copy, file.read_bytes())
    return copy


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def _refresh(copy: Path, original: bytes) -> None:
    """Bring a copy up to date with the committed file, except for the lines that pulumi wrote."""
    salt = _SALT.search(copy.read_bytes())
    body = _SECRETS.sub(b"", original).rstrip(b"\n") + b"\n"
    copy.write_bytes(body + (salt[0] + b"\n" if salt else b""))
