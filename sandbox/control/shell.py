"""Prepare an interactive shell for the sandbox that the user's own start-up files cannot undo."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.paths import private, write_private

PROMPT = "(slipway) "


def prepare(shell: str, lines: Sequence[str], folder: Path, home: Path) -> tuple[list[str], Mapping[str, str]]:
    """Return the command that starts `shell`, and environment variables for it.

    A start-up file that puts other programs first on PATH (a version manager's, say) would hide the sandbox's. So bash
    and zsh get one, below `folder`, that reads the user's and then runs `lines`. Other shells start as usual.
    """
    kind = os.path.basename(shell)  # noqa: PTH119 - a name, not a path that is looked at
    files = {"bash": (".bashrc", 'PS1="{0}$PS1"'), "zsh": (".zshrc", 'PROMPT="{0}$PROMPT"')}
    if kind not in files:
        return [shell], {}
    name, prompt = files[kind]
    private(folder)
    own, users = folder / name, home / name
    source = [f"[ -r {shlex.quote(str(users))} ] && . {shlex.quote(str(users))}"]
    write_private(own, "\n".join([*source, *lines, prompt.format(PROMPT)]) + "\n")
    if kind == "bash":
        return [shell, "--rcfile", str(own), "-i"], {}
    return [shell, "-i"], {"ZDOTDIR": str(folder)}
