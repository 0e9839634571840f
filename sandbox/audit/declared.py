"""Plans a stack file with the real engine, on an emulator of its own, and returns what it declares."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from release.engine import Engine
from release.errors import EngineError
from sandbox.audit import account
from sandbox.audit.account import Planned
from sandbox.control import environment, start
from sandbox.control import stack as stacks
from sandbox.control.environment import Deploy
from sandbox.control.session import State
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT
from sandbox.processes import MARKER

_HIDDEN = "not the secret"
"""What stands in for each encrypted value, which only its owner can read."""


@contextmanager
def emulator() -> Generator[tuple[Path, State]]:
    """Run AWS and the provider in a folder of their own; whatever else runs on this machine stays as it is."""
    with tempfile.TemporaryDirectory(prefix="slipway-audit-", ignore_cleanup_errors=True) as folder:
        directory = Path(folder) / "sandbox"
        directory.mkdir()
        try:
            yield directory, start.run(start.programs(directory, port=None, only=("aws", "provider")))
        finally:
            start.stop(directory)


def preview(stack: str, directory: Path, state: State, tools: Path) -> dict[str, Any]:
    """Return `pulumi preview --json` of the stack as its file declares it. Raises SandboxError."""
    planned = account.prepare(stacks.read(CHECKOUT, stack).path, stack, state)
    app = directory / f"app-{uuid.uuid4().hex[:8]}"
    sha = account.repository(app, planned.content)
    config = _project(directory / "project", stack, planned)
    asked = Deploy(
        stack=stack,
        provider="sandbox",
        region=planned.region,
        sha=sha,
        repository=str(app),
        directory="",
        config_file=str(config),
    )
    environment.backend(directory, planned.region).mkdir(exist_ok=True)
    variables = environment.of_tools(directory, state, asked, tools)
    engine = Engine(
        project=config.parent,
        stack=stack,
        config=config,
        environment={**environment.merged(os.environ, variables), MARKER: str(directory)},
    )
    try:
        engine.must("stack", "init", stack)
        for path in planned.encrypted:
            engine.must("config", "set", "--stack", stack, "--secret", "--path", path, _HIDDEN)
        return engine.json("preview", "--stack", stack)
    except EngineError as error:
        raise SandboxError(f"{stack} can't be planned: {error}") from None


def _project(folder: Path, stack: str, planned: Planned) -> Path:
    """Make a project of the same program beside the checkout, and return its stack file.

    `pulumi stack init` writes the file of the project that it is in, whatever other file it is given.
    """
    folder.mkdir(exist_ok=True)
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8"))
    project["main"] = str(CHECKOUT)
    project["runtime"]["options"]["virtualenv"] = str(CHECKOUT / ".venv")
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")
    config = folder / f"Pulumi.{stack}.yaml"
    config.write_text(yaml.safe_dump(dict(planned.content), sort_keys=False), encoding="utf-8")
    return config
