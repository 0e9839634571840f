"""Drill the second region: take the first one and the git host away, run the drill, and give them back."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from sandbox import engine
from sandbox.control import asking, deploy, environment, foreground, git_shim, stack
from sandbox.control.environment import Deploy
from sandbox.control.session import State
from sandbox.control.stack import StackPins
from sandbox.engine import Engine
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT, SANDBOX
from sandbox.processes import MARKER

DEFAULT = "sandbox-dr"
_FAULTS = "/_sandbox/faults"
_ENDED = "the drill removes what it made and writes its report; press Ctrl-C again to leave it there"


def add(declare: asking.Declare) -> None:
    """Declare `drill`."""
    parser = declare("drill", help="drill the second region: without the first one and git, measured and removed")
    parser.add_argument("--stack", default=DEFAULT, help=f"the stack that follows another one (default: {DEFAULT})")
    parser.add_argument("--out", default="", metavar="FOLDER", help="write the report there too")
    parser.add_argument(
        "--relative-to", default=str(Path.cwd()), help="the folder that a relative --out is relative to"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    file = stack.read(CHECKOUT, options.stack)
    if not file.follow:
        raise SandboxError(f"{file.path.name} sets no slipway:release.follow, so that it has nothing to recover")
    first = stack.read(CHECKOUT, file.follow).region
    state, tools = asking.running(SANDBOX), engine.ensure()
    if not deploy.remembered(SANDBOX, file.follow):
        raise SandboxError(f"nothing to recover: the stack {file.follow} was not deployed; run `make up`")
    out = ["--out", str(Path(options.relative_to) / options.out)] if options.out else []
    with _without(state, first) as since:
        command = [*_release_drill(options.stack, first, since), *out]
        env = _environment(options.stack, file, state, tools)
        return foreground.run(command, env=env, folder=CHECKOUT, interrupted=_ENDED, passed_on=None)


def _release_drill(name: str, first: str, since: datetime) -> list[str]:
    """Return the command as somebody would type it who has cut the region off by other means than the proxy."""
    python = shlex.quote(sys.executable)
    lift = f"{python} -m sandbox fault region {first} --calls --end && {python} -m sandbox fault git --end"
    command = [sys.executable, "-m", "release", "drill", "--stack", name, "--since", since.isoformat()]
    return [*command, "--lift", lift, "--contacted", f"{python} -m sandbox calls --outside"]


def _environment(name: str, file: StackPins, state: State, tools: Engine) -> dict[str, str]:
    last = deploy.remembered(SANDBOX)
    asked = Deploy(
        stack=name,
        provider=last.provider if last else "sandbox",
        region=file.region,
        sha="",
        repository="",
        directory="",
        follows=file.follow,
    )
    variables = environment.of_tools(SANDBOX, state, asked, tools.folder)
    # The state of a drill belongs to the sandbox: it goes with it, and no other sandbox's drill meets it.
    return {
        **environment.merged(os.environ, variables),
        "XDG_CACHE_HOME": str(SANDBOX / "cache"),
        MARKER: str(SANDBOX),
    }


@contextmanager
def _without(state: State, region: str) -> Generator[datetime]:
    """Let a region answer no calls of others than its own, and let git fail; yields when that began.

    What serves in the region goes on, as on AWS, where a drill can cut off only itself.
    """
    before = asking.ask(state, "aws", "GET", _FAULTS)[1]["unreachable"]
    asking.ask(state, "aws", "DELETE", "/_sandbox/calls")
    since = datetime.now(timezone.utc)
    try:
        asking.post(state, "aws", _FAULTS, {"unreachable": sorted({*before, region})})
        git_shim.set_dark(SANDBOX, True)
        yield since
    finally:
        git_shim.set_dark(SANDBOX, False)
        asking.post(state, "aws", _FAULTS, {"unreachable": before})
