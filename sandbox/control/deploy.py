"""Deploy a release to the sandbox with the Pulumi engine and show that it serves; destroy all stacks."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil

from release.source.urls import without_credentials
from sandbox import processes
from sandbox.control import environment, policy_pack, session, site, stack_copy
from sandbox.control.environment import Deploy
from sandbox.control.pulumi_cli import Pulumi
from sandbox.control.session import State
from sandbox.engine import Engine
from sandbox.errors import SandboxError
from sandbox.locks import locked
from sandbox.paths import cache_root

FILE = "deploy.json"
GOES_ON = (
    "If a rollout has begun, it continues in AWS. In `make shell`, `python -m release status` shows it and "
    "`python -m release rollback` undoes it. Press Ctrl-C again to leave at once; the next `make up` resumes it."
)
OTHER = 3600.0  # seconds to wait for another pulumi to end: a rollout may take half of that
_EMPTY = {"cold": "nothing stands but the store", "pilot-light": "all stands but instances, and nothing serves"}
TELL = 15.0  # seconds between two messages while waiting
DESTROY = 60.0  # seconds to destroy one stack before the sandbox is taken down anyway


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A running sandbox: its checkout, its folder (`.sandbox`), its session, and the engine to deploy to it with."""

    checkout: Path
    directory: Path
    state: State
    engine: Engine

    def pulumi(self, deploy: Deploy | None, **more: str) -> Pulumi:
        """Return pulumi set up for this sandbox and deploy, with `more` variables."""
        variables = environment.of_tools(self.directory, self.state, deploy, self.engine.folder)
        if deploy and deploy.follows:
            variables["PATH"] = environment.without_git(variables["PATH"], self.engine.folder)
        env = {**environment.merged(os.environ, variables), processes.MARKER: str(self.directory), **more}
        return Pulumi(env=env, folder=self.checkout)


def remembered(directory: Path, stack: str | None = None) -> Deploy | None:
    """Return what the last `up` of a stack, or of any, was asked for, or None."""
    record = session.read(directory, FILE) or {}
    try:
        return Deploy(**record["stacks"][stack or record["last"]])
    except (KeyError, TypeError):
        return None


def known(directory: Path) -> list[str]:
    """Return the stacks of which an `up` is remembered."""
    return sorted((session.read(directory, FILE) or {}).get("stacks", ()))


def _remember(directory: Path, deploy: Deploy) -> None:
    """Record the deploy, without a password or token in the repository's URL: a published release needs none."""
    clean = dataclasses.replace(deploy, repository=without_credentials(deploy.repository))
    others = (session.read(directory, FILE) or {}).get("stacks", {})
    stacks = {**others, deploy.stack: dataclasses.asdict(clean)}
    session.write(directory, FILE, {"last": deploy.stack, "stacks": stacks})


def up(deploy: Deploy, *, file: Path, sandbox: Sandbox) -> int:
    """Deploy by a stack file, and print what serves. Returns pulumi's exit code.

    Raises SandboxError if the deploy cannot start, or if what is deployed does not serve.
    """
    with _alone(sandbox.directory):
        _wait_for_other(sandbox.directory)
        state = environment.backend(sandbox.directory, deploy.region)
        _prepare(sandbox.directory, state)
        copy = stack_copy.select(sandbox.pulumi(deploy), deploy.stack, file, sandbox.directory)
        deploy = dataclasses.replace(deploy, config_file=str(copy) if copy else None)
        _remember(sandbox.directory, deploy)
        pulumi = sandbox.pulumi(deploy)
        _refuse_second(sandbox.directory)  # one that was started by hand meanwhile keeps its lock
        _unlock(pulumi, deploy.stack, state)
        flags = [] if sys.stdout.isatty() else ["--non-interactive"]
        code = pulumi.follow("up", "--yes", "--skip-preview", "--stack", deploy.stack, *flags, interrupted=GOES_ON)
        if code:
            return code
        outputs = pulumi.ask_json("stack", "output", "--stack", deploy.stack)
        if empty := _EMPTY.get(outputs.get("posture", "")):
            print(f"{outputs['posture']}: {empty}; SLIPWAY_POSTURE=active deploys all of it", flush=True)
            return 0
        sha, url = _served(outputs, deploy.stack)
        _remember(sandbox.directory, dataclasses.replace(deploy, sha=sha))
        where = site.here(url, stack=deploy.stack, region=deploy.region, state=sandbox.state)
        if where != url:
            print(f"on this machine {url} is at {where}, with a certificate of the sandbox's own", file=sys.stderr)
        site.fetch(where)
        print(f"serving {sha} at {where}", flush=True)
        return 0


def destroy_all(sandbox: Sandbox) -> None:
    """Destroy every stack of the sandbox within the time there is, and print which ones could not be."""
    for state, region in environment.backends(sandbox.directory):
        last = remembered(sandbox.directory)
        deploy = dataclasses.replace(last, config_file=None, region=region, follows=None) if last else None
        try:
            stacks = sandbox.pulumi(deploy).ask_json("stack", "ls")
        except SandboxError as error:
            print(f"not destroyed: {error}", file=sys.stderr)
            continue
        for name in [entry["name"] for entry in stacks if entry.get("resourceCount")]:
            _destroy(name, sandbox, deploy, state)


def _destroy(name: str, sandbox: Sandbox, deploy: Deploy | None, state: Path) -> None:
    print(f"destroying the stack {name}", file=sys.stderr, flush=True)
    copy = stack_copy.path(sandbox.directory, f"Pulumi.{name}.yaml")
    pulumi = sandbox.pulumi(deploy, **({environment.CONFIG_FILE: str(copy)} if copy.exists() else {}))
    try:
        _unlock(pulumi, name, state)
        pulumi.ask("destroy", "--yes", "--skip-preview", "--stack", name, deadline=DESTROY)
    except SandboxError as error:
        print(f"the stack {name} could not be destroyed; it goes with the sandbox: {error}", file=sys.stderr)


def interrupt(directory: Path) -> None:
    """End any pulumi that runs in this sandbox: ask it to cancel first, then insist."""
    steps = (signal.SIGINT, 4.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)
    processes.end(lambda: processes.find(directory, name="pulumi"), *steps)


@contextlib.contextmanager
def _alone(directory: Path) -> Generator[None]:
    """Let one `up` deploy at a time. Of two started together, each would find no pulumi and take the other's lock."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(directory / "deploy.lock", deadline=0))
        except SandboxError:
            raise SandboxError(
                "another `make up` is deploying to this sandbox; wait for it to finish, or run `make down`"
            ) from None
        yield


def _wait_for_other(directory: Path) -> None:
    """Wait for a pulumi that was started by hand, or by a `make up` that was killed."""
    begun = time.monotonic()
    tell = 0.0
    while running := processes.find(directory, name="pulumi"):
        waited = time.monotonic() - begun
        if waited > OTHER:
            _refuse_second(directory)
        if waited >= tell:
            tell = waited + TELL
            print(
                f"waiting for another pulumi to finish in this sandbox (process {running[0].pid}), {waited:.0f} s; "
                "`make down` ends it",
                file=sys.stderr,
                flush=True,
            )
        psutil.wait_procs(running, timeout=1)


def _refuse_second(directory: Path) -> None:
    running = processes.find(directory, name="pulumi")
    if running:
        raise SandboxError(
            f"pulumi is already running in this sandbox (process {running[0].pid}); wait for it to finish, or run "
            "`make down`"
        )


def _prepare(directory: Path, state: Path) -> None:
    """Make the state backend's folder, a home for pulumi whose plugins all checkouts share, and the policy pack."""
    state.mkdir(parents=True, exist_ok=True)
    plugins, link = cache_root() / "plugins", directory / "pulumi-home" / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(plugins)
    policy_pack.install(directory, plugins)


def _unlock(pulumi: Pulumi, name: str, state: Path) -> None:
    """Remove the lock that a killed pulumi left; no other pulumi runs here that could hold it."""
    if any((state / ".pulumi" / "locks").rglob("*.json")):
        pulumi.ask("cancel", "--yes", "--stack", name)


def _served(outputs: dict[str, Any], name: str) -> tuple[str, str]:
    missing = [key for key in ("sha", "url") if not outputs.get(key)]
    if missing:
        raise SandboxError(
            f"the stack {name} is deployed, but nothing serves: it has no output {' and '.join(missing)}"
        )
    return str(outputs["sha"]), str(outputs["url"]).rstrip("/")
