"""Starting a sandbox, using the one that runs, and stopping it."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from sandbox import processes
from sandbox.control import environment, session
from sandbox.control.session import State
from sandbox.control.supervisor import Plan
from sandbox.errors import SandboxError
from sandbox.locks import locked
from sandbox.paths import CHECKOUT, private
from sandbox.ports import LOOPBACK, free_port, is_free

PREFERRED_PORT = 8080  # of the load balancer, where nobody asks for another
START = 120.0  # seconds for the whole of a start
STOP = 15.0


def ensure(directory: Path, *, port: int | None = None) -> State:
    """The running sandbox of this checkout, started where none runs, or none that is whole.

    `port` is the load balancer's. Raises SandboxError where it is taken or the start fails.
    """
    with locked(directory.parent, deadline=START, waiting=lambda: _say("waiting: another start is under way")):
        state = session.load(directory)
        reason = session.trouble(state) if state else None
        if state and not reason:
            if port and port != state.ports["balancer"]:
                raise SandboxError(
                    f"a sandbox runs with port {state.ports['balancer']}; to have {port}, `make down` first"
                )
            return state
        if directory.exists():
            clean(directory, reason)
        return run(plan(directory, port=port))


def clean(directory: Path, reason: str | None) -> None:
    """Remove what a dead session left: its processes, and the state of stacks that died with it."""
    if reason:
        _say(f"the sandbox that ran here is broken: {reason}")
    if (directory / "pulumi").exists():
        _say("its AWS is gone, and so is what was deployed there: starting anew")
    processes.sweep(directory)
    previous = directory / "log.previous"
    for entry in directory.iterdir():
        if entry.name == "log":
            shutil.rmtree(previous, ignore_errors=True)
            entry.rename(previous)
        elif entry != previous:
            remove(entry)


def plan(directory: Path, *, port: int | None) -> Plan:
    """What to run, and where. Raises SandboxError where the load balancer's port was asked for and is taken."""
    balancer = _balancer_port(port)
    aws = free_port(besides=[balancer])
    ports = {"aws": aws, "provider": free_port(besides=[aws, balancer]), "balancer": balancer}
    endpoint = f"http://{LOOPBACK}:{ports['aws']}"
    options = {
        "aws": ["--port", str(ports["aws"]), "--balancer-port", str(ports["balancer"])],
        "machines": ["--endpoint", endpoint, "--directory", str(directory / "machines")],
        "balancer": ["--endpoint", endpoint],
        "provider": ["--endpoint", endpoint, "--port", str(ports["provider"])],
    }
    return Plan(
        directory=directory,
        session=uuid.uuid4().hex,
        commands={name: [sys.executable, "-m", f"sandbox.{name}", *rest] for name, rest in options.items()},
        ports=ports,
    )


def _balancer_port(asked: int | None) -> int:
    if asked is None:
        return PREFERRED_PORT if is_free(PREFERRED_PORT) else free_port()
    if not is_free(asked):
        raise SandboxError(f"port {asked} is taken by another program; name a free one with PORT=, or none")
    return asked


def run(plan: Plan) -> State:
    """Start a supervisor on the plan, in a session of its own, and wait until all of it is ready."""
    private(plan.directory)
    logs = plan.directory / "log"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "supervisor.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "sandbox.control.supervisor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=CHECKOUT,
            env=environment.of_processes(plan.directory, plan.keys),
            start_new_session=True,
        )
    started = processes.created(supervisor.pid)
    try:
        _hand_over(supervisor, plan)
        state = session.load(plan.directory)
        if not state:
            raise SandboxError(f"the sandbox left no {session.FILE} in {plan.directory}; try again")
        return state
    except BaseException:
        processes.end_one(supervisor.pid, started, (signal.SIGTERM, STOP), (signal.SIGKILL, 1.0))
        supervisor.wait()
        processes.sweep(plan.directory)
        (plan.directory / session.FILE).unlink(missing_ok=True)
        raise
    finally:
        for pipe in (supervisor.stdin, supervisor.stdout):
            if pipe:
                pipe.close()


def _hand_over(supervisor: subprocess.Popen[bytes], plan: Plan) -> None:
    assert supervisor.stdin and supervisor.stdout  # noqa: S101, PT018  # pipes were asked for
    supervisor.stdin.write(plan.dump().encode())
    supervisor.stdin.close()
    end, rest = time.monotonic() + START, b""
    with selectors.DefaultSelector() as selector:
        selector.register(supervisor.stdout, selectors.EVENT_READ)
        while time.monotonic() < end:
            if not selector.select(timeout=1.0):
                continue
            chunk = os.read(supervisor.stdout.fileno(), 65536)
            if not chunk:
                raise SandboxError(f"the sandbox did not start; see {plan.directory}/log/supervisor.log")
            *lines, rest = (rest + chunk).split(b"\n")
            if any(_is_ready(line) for line in lines):
                return
    raise SandboxError(f"the sandbox did not start within {START:.0f} s; see the logs in {plan.directory}/log")


def _is_ready(line: bytes) -> bool:
    event = json.loads(line)
    if "failed" in event:
        raise SandboxError(f"the sandbox did not start: {event['failed']}")
    if "starting" in event:
        _say(f"starting {event['starting']}")
    return "ready" in event


def stop(directory: Path) -> None:
    """End the sandbox's processes, all of them, and remove its folder. Raises SandboxError where some stay."""
    state = session.load(directory)
    if state:
        supervisor = state.supervisor
        processes.end_one(supervisor.pid, supervisor.started, (signal.SIGTERM, STOP), (signal.SIGKILL, 1.0))
    left = processes.sweep(directory)
    with locked(directory.parent, deadline=STOP):  # a start that was under way has given up by now
        left = processes.sweep(directory)
        if directory.exists():
            remove(directory)
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise SandboxError(f"these processes could not be ended: {pids}; end them with kill -9")


def remove(path: Path) -> None:
    """Remove a file or a folder; what an app made read-only in it too."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
