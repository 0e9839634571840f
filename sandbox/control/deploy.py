"""`up`: a release onto the sandbox, by the Pulumi engine, and the proof that it serves."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import os
import re
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil

from release.source.urls import without_credentials
from sandbox import processes
from sandbox.control import environment, pulumi_cli, session, stack
from sandbox.control.environment import Deploy
from sandbox.control.session import State
from sandbox.engine import Engine
from sandbox.errors import SandboxError
from sandbox.locks import locked
from sandbox.paths import cache_root

FILE = "deploy.json"
ANSWER = 10.0  # seconds for the one request that shows that the release serves
GOES_ON = (
    "A rollout that has begun goes on in AWS. In `make shell`, `python -m release status` shows it and "
    "`python -m release rollback` undoes it. Ctrl-C once more leaves at once; the next `make up` picks it up."
)
OTHER = 3600.0  # seconds for a pulumi that runs already to end: a rollout may take half of that
TELL = 15.0  # seconds between two lines that say so
DESTROY = 60.0  # seconds for `down` to destroy one stack before it takes the sandbox away under it


def remembered(directory: Path) -> Deploy | None:
    """What the last `up` was asked for; None where there was none."""
    record = session.read(directory, FILE)
    try:
        return Deploy(**record) if record else None
    except TypeError:
        return None


def _remember(directory: Path, deploy: Deploy) -> None:
    """A password or token in the repository's URL is not kept; what is published needs no repository."""
    clean = dataclasses.replace(deploy, repository=without_credentials(deploy.repository))
    session.write(directory, FILE, dataclasses.asdict(clean))


def up(deploy: Deploy, *, file: stack.StackFile, checkout: Path, directory: Path, state: State, engine: Engine) -> int:
    """Deploy, and say what serves. Returns pulumi's exit code. Raises SandboxError where nothing could start."""
    with _alone(directory):
        _wait_for_other(directory)
        return _up(deploy, file=file, checkout=checkout, directory=directory, state=state, engine=engine)


def _up(deploy: Deploy, *, file: stack.StackFile, checkout: Path, directory: Path, state: State, engine: Engine) -> int:
    _prepare(directory)
    env = _pulumi_environment(directory, state, deploy, engine)
    deploy = dataclasses.replace(deploy, config_file=_select(deploy.stack, file.path, directory, env, checkout))
    _remember(directory, deploy)
    env = _pulumi_environment(directory, state, deploy, engine)
    _refuse_second(directory)  # one begun by hand meanwhile keeps its lock
    _unlock(deploy.stack, directory, env, checkout)
    flags = ["--yes", "--skip-preview", "--stack", deploy.stack]
    if not sys.stdout.isatty():
        flags.append("--non-interactive")
    code = pulumi_cli.foreground([pulumi_cli.program(env), "up", *flags], env=env, cwd=checkout, interrupted=GOES_ON)
    if code:
        return code
    outputs = pulumi_cli.ask_json(["stack", "output", "--stack", deploy.stack], env=env, cwd=checkout)
    sha, url = _served(outputs, deploy.stack)
    _remember(directory, dataclasses.replace(deploy, sha=sha))
    _fetch(url)
    print(f"serving {sha} at {url}", flush=True)
    return 0


def destroy_all(*, checkout: Path, directory: Path, state: State, engine: Engine) -> None:
    """Destroy every stack of the sandbox, as far as it goes in the time there is; says what did not."""
    deploy = remembered(directory)
    env = _pulumi_environment(directory, state, deploy, engine)
    env.pop("PULUMI_OPTION_CONFIG_FILE", None)
    try:
        stacks = pulumi_cli.ask_json(["stack", "ls"], env=env, cwd=checkout)
    except SandboxError as error:
        print(f"not destroyed: {error}", file=sys.stderr)
        return
    for name in [entry["name"] for entry in stacks if entry.get("resourceCount")]:
        print(f"destroying the stack {name}", file=sys.stderr, flush=True)
        copy = _config_copy(directory, f"Pulumi.{name}.yaml")
        config = {"PULUMI_OPTION_CONFIG_FILE": str(copy)} if copy.exists() else {}
        try:
            _unlock(name, directory, env, checkout)
            pulumi_cli.ask(
                ["destroy", "--yes", "--skip-preview", "--stack", name],
                env={**env, **config},
                cwd=checkout,
                deadline=DESTROY,
            )
        except SandboxError as error:
            print(f"the stack {name} was not destroyed cleanly, it goes with the sandbox: {error}", file=sys.stderr)


def interrupt(directory: Path) -> None:
    """End the pulumi that runs in this sandbox, if one does: a request first, then less politely."""
    steps = (signal.SIGINT, 4.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)
    processes.end(lambda: processes.find(directory, name="pulumi"), *steps)


@contextlib.contextmanager
def _alone(directory: Path) -> Generator[None]:
    """Two that begin in the same second both find no pulumi: the second would take the first one's lock away."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(directory / "deploy.lock", deadline=0))
        except SandboxError:
            raise SandboxError("another `make up` deploys in this sandbox; wait for it, or `make down`") from None
        yield


def _wait_for_other(directory: Path) -> None:
    """A pulumi that nobody waits for any more, as its `make up` was killed, or one that was begun by hand."""
    begun = time.monotonic()
    tell = 0.0
    while running := processes.find(directory, name="pulumi"):
        waited = time.monotonic() - begun
        if waited > OTHER:
            _refuse_second(directory)
        if waited >= tell:
            tell = waited + TELL
            print(
                f"waiting for the pulumi that runs in this sandbox already (process {running[0].pid}), {waited:.0f} s; "
                "`make down` ends it",
                file=sys.stderr,
                flush=True,
            )
        psutil.wait_procs(running, timeout=1)


def _refuse_second(directory: Path) -> None:
    running = processes.find(directory, name="pulumi")
    if running:
        raise SandboxError(
            f"pulumi runs in this sandbox already (process {running[0].pid}); wait for it, or `make down`"
        )


def _prepare(directory: Path) -> None:
    (directory / "pulumi").mkdir(parents=True, exist_ok=True)
    plugins, link = cache_root() / "plugins", directory / "pulumi-home" / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(plugins)  # a plugin is fetched once, not once a checkout


def _pulumi_environment(directory: Path, state: State, deploy: Deploy | None, engine: Engine) -> dict[str, str]:
    variables = environment.of_tools(directory, state, deploy, engine.folder)
    return {**environment.merged(os.environ, variables), processes.MARKER: str(directory)}


def _select(name: str, file: Path, directory: Path, env: dict[str, str], checkout: Path) -> str | None:
    """Make the stack, or switch to it. Returns the stack file to use where it is not the committed one.

    A stack file that was not made for the sandbox's passphrase is rewritten by pulumi when it makes the stack. The
    checkout must stay as it is: the rewritten file becomes a copy in the sandbox's folder.
    """
    copy = _config_copy(directory, file.name)
    plain = {key: value for key, value in env.items() if key != "PULUMI_OPTION_CONFIG_FILE"}
    before = file.read_bytes()
    try:
        pulumi_cli.ask(["stack", "select", "--create", name], env=plain, cwd=checkout)
        after = file.read_bytes()
        if after != before:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(after)
    finally:
        if file.read_bytes() != before:
            file.write_bytes(before)
    if copy.exists():
        _refresh(copy, before)
        return str(copy)
    return None


def _config_copy(directory: Path, name: str) -> Path:
    return directory / "config" / name


def _refresh(copy: Path, original: bytes) -> None:
    """Bring a copy up to date with the committed file, but for the lines that pulumi wrote."""
    secrets = re.compile(rb"^(encryptionsalt|secretsprovider|encryptedkey):.*\n?", re.MULTILINE)
    salt = re.search(rb"^encryptionsalt:.*$", copy.read_bytes(), re.MULTILINE)
    body = secrets.sub(b"", original).rstrip(b"\n") + b"\n"
    copy.write_bytes(body + (salt[0] + b"\n" if salt else b""))


def _unlock(name: str, directory: Path, env: dict[str, str], checkout: Path) -> None:
    """Remove the lock that a killed pulumi left; nobody holds it, as no other one runs here."""
    if any((directory / "pulumi" / ".pulumi" / "locks").rglob("*.json")):
        pulumi_cli.ask(["cancel", "--yes", "--stack", name], env=env, cwd=checkout)


def _served(outputs: dict[str, Any], name: str) -> tuple[str, str]:
    missing = [key for key in ("sha", "url") if not outputs.get(key)]
    if missing:
        raise SandboxError(f"the stack {name} is deployed, but has no output {' and '.join(missing)}: nothing serves")
    return str(outputs["sha"]), str(outputs["url"]).rstrip("/")


def _fetch(url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy: it is on this machine
    try:
        with opener.open(url, timeout=ANSWER) as answer:
            answer.read(1)
    except urllib.error.HTTPError as error:
        if error.code < 500:  # the app has nothing at /, which is its own business
            return
        raise SandboxError(f"deployed, but {url} answers {error.code}; see .sandbox/log") from None
    except (OSError, http.client.HTTPException) as error:
        raise SandboxError(f"deployed, but {url} does not serve: {error}; see .sandbox/log") from None
