"""Run pulumi: in the foreground as the user would, or quietly to ask it something."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.control import foreground
from sandbox.errors import SandboxError

QUESTION = 60.0  # seconds for a command that only reads or writes local state


@dataclass(frozen=True, kw_only=True)
class Pulumi:
    """Pulumi's command line tool, in one folder and environment."""

    env: Mapping[str, str]
    folder: Path

    def follow(self, *arguments: str, interrupted: str) -> int:
        """Run pulumi on this terminal; returns its exit code (128 + N for signal N).

        `interrupted` is printed at the first Ctrl-C. Ctrl-C is pulumi's: it cancels at the first one and quits at the
        second.
        """
        command = [self._program(), *arguments]
        # The first one cancels, also where it is a SIGTERM.
        return foreground.run(
            command, env=self.env, folder=self.folder, interrupted=interrupted, passed_on=signal.SIGINT
        )

    def ask(self, *arguments: str, deadline: float = QUESTION) -> str:
        """Return what pulumi prints. Raises SandboxError with its error message, or after `deadline` seconds."""
        try:
            answer = subprocess.run(
                [self._program(), *arguments, "--non-interactive"],
                env=self.env,
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=deadline,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise SandboxError(f"pulumi {' '.join(arguments)} took more than {deadline:.0f} s") from None
        if answer.returncode:
            reason = (answer.stderr or answer.stdout).strip().removeprefix("error: ")
            raise SandboxError(f"pulumi {' '.join(arguments)}: {reason}")
        return answer.stdout

    def ask_json(self, *arguments: str) -> Any:  # noqa: ANN401  # JSON
        """Return what pulumi prints with --json, parsed."""
        return json.loads(self.ask(*arguments, "--json"))

    def _program(self) -> str:
        for folder in self.env["PATH"].split(os.pathsep):
            path = Path(folder) / "pulumi"
            if os.access(path, os.X_OK):
                return str(path)
        raise SandboxError("pulumi is not on the PATH of the sandbox; run make up")
