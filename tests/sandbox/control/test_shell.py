"""The sandbox's shell, whatever the user's start-up files do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox.control import shell


def test_the_users_file_does_not_win(tmp_path: Path):
    """A .bashrc that puts something first on PATH is read, and the sandbox's variables are set after it."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bashrc").write_text("export PATH=/of/the/user:$PATH MINE=kept\n")
    command, more = shell.prepare("/bin/bash", ["export PATH=/of/the/sandbox:$PATH"], tmp_path / "own", home)
    assert more == {}
    said = subprocess.run(
        ["/bin/bash", "-c", f". {command[2]}; echo $PATH $MINE"], capture_output=True, text=True, check=True, timeout=20
    )
    assert said.stdout.startswith("/of/the/sandbox:/of/the/user:")
    assert said.stdout.endswith(" kept\n")


@pytest.mark.parametrize(
    ("name", "command", "more"), [("zsh", ["/x/zsh", "-i"], ["ZDOTDIR"]), ("fish", ["/x/fish"], [])]
)
def test_other_shells(tmp_path: Path, name: str, command: list[str], more: list[str]):
    """zsh takes its file by ZDOTDIR; a shell that is not known starts as ever."""
    made, variables = shell.prepare(f"/x/{name}", [], tmp_path, tmp_path)
    assert (made, list(variables)) == (command, more)
