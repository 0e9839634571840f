"""Check what the stacks declare, and the workflows, by tools that others made; `make audit`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from policy import exceptions, hcl, sources
from policy.exceptions import ExceptionsError, Judged
from policy.hcl import UnnamedTypeError
from policy.sources import SourceError
from sandbox import engine
from sandbox.audit import checkov, declared, zizmor
from sandbox.audit.finding import Finding
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT

STACKS = ("prod", "dr")
_WORKFLOWS = CHECKOUT / ".github" / "workflows"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.audit",
        description="Check what stacks declare with Checkov, and the workflows with zizmor.",
    )
    parser.add_argument(
        "--stack", action="append", metavar="NAME", help=f"a stack with a file here (default: {' and '.join(STACKS)})"
    )
    parser.add_argument("--explained", action="store_true", help="show what is explained by an exception too")
    parser.add_argument("--keep", default="", metavar="FOLDER", help="leave there what was planned and checked")
    return parser


def run(options: argparse.Namespace) -> int:
    """Return 1 if anything is neither fixed nor explained, or an exception matches nothing. Raises SandboxError."""
    try:
        known = [each for each in exceptions.read() if _is_ours(each.id)]
    except ExceptionsError as error:
        raise SandboxError(str(error)) from None
    stacks: Sequence[str] = options.stack or STACKS
    with tempfile.TemporaryDirectory(prefix="slipway-hcl-") as folder:
        found = [*_of_stacks(stacks, Path(options.keep or folder)), *_of_workflows()]
    judged = exceptions.judge(found, known, datetime.now(timezone.utc).date())
    if set(stacks) != set(STACKS):  # what another stack needs is no mistake
        judged = replace(judged, unused=())
    _show(judged, explained=options.explained)
    return 1 if judged.left or judged.unused else 0


def _of_stacks(stacks: Sequence[str], folder: Path) -> list[Finding]:
    """Return what Checkov finds in each stack, and say how much it looked at. Files are left in the folder."""
    tools = engine.ensure()
    found: list[Finding] = []
    with declared.emulator() as (directory, state):
        for stack in stacks:
            try:
                planned = declared.preview(stack, directory, state, tools.folder)
                converted = hcl.convert(sources.parse(planned).resources)
            except (SourceError, UnnamedTypeError) as error:
                raise SandboxError(f"{stack}: {error}") from None
            checked = checkov.check(stack, converted, folder / stack)
            (folder / stack / "preview.json").write_text(json.dumps(planned, indent=1), encoding="utf-8")
            found += checked.findings
            print(
                f"{stack}: Checkov read {checked.resources} resources; {checked.passed} checks passed, "
                f"{len(checked.findings)} did not"
            )
    return found


def _of_workflows() -> list[Finding]:
    found = zizmor.check(_WORKFLOWS)
    print(f"workflows: zizmor found {len(found) or 'nothing'}")
    return list(found)


def _show(judged: Judged[Finding], *, explained: bool) -> None:
    for finding in judged.left:
        print(f"not explained: {finding}")
    for finding, exception in judged.excepted if explained else ():
        print(f"explained: {finding}\n    {exception.reason} ({exception.date}, {exception.owner})")
    for exception in judged.unused:
        print(f"matches nothing: {exception}; remove it from {exceptions.FILE.relative_to(CHECKOUT)}")
    if judged.left:
        print(f"fix each, or say in {exceptions.FILE.relative_to(CHECKOUT)} why not")
    else:
        print(f"{len(judged.excepted)} findings, each explained by an exception")


def _is_ours(id_: str) -> bool:
    """Return whether the exception is from a rule of these tools; all others are of the policy pack's own."""
    return id_.startswith(("CKV_", "CKV2_", "zizmor/"))
