"""`preview`: what an `up` would do, for whoever reviews it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from release.commands.output import as_json, progress, progress_ended, tell
from release.engine import Engine
from release.errors import PreviewError
from release.preview import document, fingerprint, markdown, plain, sentence
from release.preview import run as engine
from release.preview.document import Preview
from release.preview.fingerprint import Fingerprint

HELP = "what `pulumi up` would do, for whoever reviews it"
DIFFERS = 3
"""The exit status where something is to be done that was not reviewed."""


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.description = (
        "Run it in the project's folder. Nothing is changed. Exit status 1 if the program "
        "or a mandatory policy refuses it, 3 if --reviewed differs."
    )
    command.add_argument("--markdown", action="store_true", help="print a page for a comment on a pull request")
    command.add_argument("--no-drift", action="store_true", help="do not look for what was changed in AWS by hand")
    command.add_argument("--config-file", type=Path, metavar="FILE", help="the stack's file, if it is not its own")
    command.add_argument("--fingerprint", type=Path, metavar="FILE", help="write what would be done but the release")
    command.add_argument(
        "--reviewed",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="a fingerprint that was reviewed: exit status 3 if anything else would be done; may be given again",
    )
    command.add_argument(
        "--save-plan", type=Path, metavar="FILE", help="write Pulumi's plan, for `up --plan` of this run"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the preview, and return the exit status."""
    if arguments.json and arguments.markdown:
        raise PreviewError("give one of --json and --markdown")
    reviewed = [_reviewed(path) for path in arguments.reviewed]
    found = look(arguments)
    if arguments.json:
        as_json(document.to_json(found, sentence.of(found)))
    else:
        sys.stdout.write(markdown.page(found) if arguments.markdown else plain.page(found))
    if found.failed:
        return 1
    if arguments.fingerprint and found.fingerprint:
        _write(arguments.fingerprint, fingerprint.to_json(found.fingerprint))
    return _compare(reviewed, found.fingerprint) if reviewed and found.fingerprint else 0


def look(arguments: argparse.Namespace) -> Preview:
    """Return the preview of the stack. Raises EngineError if the engine has nothing to say of it."""
    project, stack = Path.cwd(), str(arguments.stack or os.environ.get("PULUMI_STACK") or "")
    if not (project / "Pulumi.yaml").is_file():
        raise PreviewError(f"there is no Pulumi.yaml in {project}: run this in the project's folder")
    config: Path | None = arguments.config_file
    given = ("--config-file", str(config)) if config else ()
    pulumi = Engine(project=project, stack=stack, config=config or project, environment=os.environ)
    try:
        said = engine.preview(pulumi, *given, save_plan=arguments.save_plan, show=progress)
    finally:
        progress_ended()
    name = said.stack or stack.rpartition("/")[2]
    print_of = fingerprint.of(name, said.steps) if said.complete else None
    return Preview(stack=name, previewed=said, fingerprint=print_of)


def _reviewed(path: Path) -> Fingerprint:
    try:
        return fingerprint.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PreviewError(f"--reviewed {path}: can't be read: {error}") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PreviewError(f"--fingerprint {path}: can't be written: {error.strerror}") from None


def _compare(reviewed: list[Fingerprint], now: Fingerprint) -> int:
    """Tell each step that nobody reviewed; return the exit status."""
    differences = fingerprint.check(reviewed, now)
    for each in differences:
        tell(f"not reviewed: {each}")
    if differences:
        tell(
            "error: this is not what was reviewed: preview it on a pull request again, or, to accept exactly this, "
            "write it with --fingerprint FILE, read it, and give it as --reviewed"
        )
    return DIFFERS if differences else 0
