"""`preview`: what an `up` would do, for whoever reviews it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from infra.settings import Settings
from release.clients import FAILURES, described
from release.commands import project
from release.commands.drill_plan import settings_of
from release.commands.output import as_json, progress, progress_ended, tell
from release.engine import Engine
from release.errors import DrillError, EngineError, PreviewError, ReleaseError
from release.preview import document, fingerprint, fleets, markdown, plain, refresh, sentence
from release.preview import run as engine
from release.preview.cost import cost
from release.preview.document import Preview
from release.preview.events import Message, Previewed
from release.preview.facts import Facts, FleetFacts
from release.preview.fingerprint import Fingerprint
from release.preview.fleets import Look
from release.preview.locks import held
from release.preview.refusals import refusals
from release.preview.steps import Step
from release.preview.touched import touched

T = TypeVar("T")

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
    project.add(command)
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
        "--accept",
        metavar="DIGEST",
        help="do all the same what --reviewed refused, if it is exactly what has this digest",
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
    return _compare(reviewed, found.fingerprint, arguments.accept) if reviewed else 0


def look(arguments: argparse.Namespace) -> Preview:
    """Return the preview of the stack. Raises EngineError if the engine has nothing to say of it."""
    pulumi = project.engine(arguments)
    try:
        said = _said(pulumi, arguments.save_plan)
        found = _known(said, pulumi, arguments.region)
        return found if arguments.no_drift or not said.complete else _drifted(found, pulumi, arguments.region)
    finally:
        progress_ended()


def _said(pulumi: Engine, plan: Path | None) -> Previewed:
    """Return what the engine says; that it can't say anything is told on the page as well, if the stack is known."""
    try:
        return engine.preview(pulumi, save_plan=plan, show=progress)
    except EngineError as error:
        stack = pulumi.stack.rpartition("/")[2]
        if not stack:
            raise
        return Previewed(stack=stack, steps=(), messages=(Message(severity="error", text=str(error)),))


def _drifted(found: Preview, pulumi: Engine, region: str | None) -> Preview:
    """Return the preview with what was changed in AWS by hand."""
    unknown: list[str] = []
    there = _asked("drift", lambda: refresh.look(pulumi, region, show=progress), unknown)
    return replace(found, drift=there[1] if there else None, unknown=(*found.unknown, *unknown))


def _known(said: Previewed, pulumi: Engine, given: str | None) -> Preview:
    """Return what the engine said, with what can be found out beside it."""
    name = said.stack or pulumi.stack.rpartition("/")[2]
    settings, unknown = _settings(name, pulumi)
    region = given or (settings.region if settings else None)
    where = Look(
        stack=name,
        region=region,
        bucket=(settings and settings.artifacts.bucket) or "",
        repository=(settings and settings.release.repository) or pulumi.environment.get("SLIPWAY_REPOSITORY") or ".",
        paces={key: fleet.pace for key, fleet in settings.fleets.items()} if settings else {},
    )
    facts = _asked("fleets", lambda: fleets.look(said.steps, where), unknown) or _least(said.steps)
    locks = (
        _asked("locks of the state", lambda: held(project.backend(pulumi), said.project, name, region), unknown) or []
    )
    errors, warnings = ([message.text for message in told] for told in (said.errors, said.warnings))
    return Preview(
        stack=name,
        previewed=said,
        facts=facts,
        cost=cost(said.steps, region, facts.launched) if region else None,
        refusals=refusals(name, errors=errors, warnings=warnings, locks=locks),
        fingerprint=fingerprint.of(name, said.steps) if said.complete else None,
        unknown=tuple(unknown) if said.complete else (),
    )


def _asked(what: str, ask: Callable[[], T], unknown: list[str]) -> T | None:
    """Return the answer; None, and a note, if it can't be had: that fails no preview."""
    try:
        return ask()
    except (ReleaseError, *FAILURES) as error:
        unknown.append(f"{what}: {described(error)}")
        return None


def _least(steps: Sequence[Step]) -> Facts:
    """Return what the steps alone say of fleets."""
    return Facts(
        fleets=tuple(
            FleetFacts(fleet=each.fleet, group=each.group, becomes=each.becomes, old=each.old, new=each.new)
            for each in touched(steps)
        )
    )


def _settings(stack: str, pulumi: Engine) -> tuple[Settings | None, list[str]]:
    """Return the stack's settings by its file, or why they are not known, as in how many steps fleets roll."""
    try:
        return settings_of(stack, pulumi.project, pulumi.environment), []
    except DrillError as error:
        return None, [f"how fleets are rolled out: {error}"]


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


def _compare(reviewed: list[Fingerprint], now: Fingerprint | None, accepted: str | None) -> int:
    """Tell each step that nobody reviewed; return the exit status."""
    if now is None:
        tell("error: the preview did not come to its end, so that it can't be compared with what was reviewed")
        return 1
    differences = fingerprint.check(reviewed, now)
    for each in differences:
        tell(f"not reviewed: {each}")
    if differences and accepted == now.digest:
        tell(f"accepted all the same: {now.digest}")
        return 0
    if differences:
        other = f"--accept is of something else, {accepted}: " if accepted else ""
        tell(
            f"error: {other}this is not what was reviewed: preview it on a pull request again, or, to accept exactly "
            f"this, --accept {now.digest}"
        )
    return DIFFERS if differences else 0
