"""The Pulumi project in the folder where a command runs, and its engine."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from infra.stackfile import CONFIG_FILE, PROJECT_FILES
from release.engine import Engine
from release.errors import PreviewError


def add(command: argparse.ArgumentParser) -> None:
    """Declare the option that names another file of the stack."""
    command.add_argument("--config-file", type=Path, metavar="FILE", help="the stack's file, if it is not its own")


def engine(arguments: argparse.Namespace) -> Engine:
    """Return the engine for the stack that is named, or else for the one that is selected.

    Raises PreviewError where there is no project.
    """
    project, environment = Path.cwd(), dict(os.environ)
    if not (project / PROJECT_FILES[0]).is_file():
        raise PreviewError(f"there is no {PROJECT_FILES[0]} in {project}: run this in the project's folder")
    if arguments.config_file:
        environment[CONFIG_FILE] = str(arguments.config_file.absolute())
    stack = str(arguments.stack or environment.get("PULUMI_STACK") or "")
    return Engine(project=project, stack=stack, config=project, environment=environment)


def backend(pulumi: Engine) -> str:
    """Return the URL of the backend that has the stack's state: the environment's, or else what the engine uses."""
    given = pulumi.environment.get("PULUMI_BACKEND_URL")
    return given or str(pulumi.json("whoami", "--verbose").get("url", ""))
