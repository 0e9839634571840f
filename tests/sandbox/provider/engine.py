"""The real Pulumi engine on a program of its own, with everything it keeps in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = "name: everything\nruntime: python\n"
CONFIGURATION = "config:\n  aws:region: eu-central-1\n  aws:defaultTags: {tags: {team: platform}}\n"


class Stack:
    """A stack of one program."""

    def __init__(self, folder: Path, port: int, program: Path, environment: dict[str, str]) -> None:
        self._folder = folder / "program"
        self._folder.mkdir()
        (folder / "state").mkdir()
        (self._folder / "Pulumi.yaml").write_text(PROJECT)
        (self._folder / "Pulumi.test.yaml").write_text(CONFIGURATION)
        (self._folder / "__main__.py").write_text(Path(program).read_text())
        self.environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **environment,
        }
        self.run("stack", "init", "test")

    def run(self, *arguments: str) -> str:
        """What the command says on success."""
        command = ["pulumi", *arguments, "--non-interactive", "--color=never"]
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout
