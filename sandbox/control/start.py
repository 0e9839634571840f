"""Start a sandbox, use the one that runs, and stop it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Collection
from pathlib import Path

from sandbox import processes
from sandbox.control import environment, git_shim, session
from sandbox.control.session import State
from sandbox.control.supervisor import Programs
from sandbox.errors import SandboxError
from sandbox.locks import locked
from sandbox.paths import CHECKOUT, private
from sandbox.ports import LOOPBACK, free_port, is_free
from sandbox.progress import lines

PREFERRED_PORT = 8080  # of the load balancer, unless another one is asked for
DNS_PORT = 8053  # of the DNS server, where it is free
START = 120.0  # seconds for a whole start
STOP = 15.0  # seconds for a whole stop


def ensure(directory: Path, *, port: int | None = None) -> State:
    """Return the running sandbox of this checkout; start one first if none runs or a part of it is gone.

    `port` is the load balancer's. Raises SandboxError if it is taken, or if the start fails.
    """
    with locked(directory.parent, deadline=START, waiting=lambda: _say("waiting for another start to finish")):
        state = session.load(directory)
        trouble = session.trouble(state) if state else None
        if state and not trouble:
            if port and port != state.ports["balancer"]:
                raise SandboxError(
                    f"a sandbox already runs with port {state.ports['balancer']}; to use {port}, `make down` first"
                )
            return state
        if directory.exists():
            clean(directory, trouble)
        return run(programs(directory, port=port))


def clean(directory: Path, trouble: str | None) -> None:
    """Remove what a dead session left: its processes, and the state of the stacks that are gone with it."""
    if trouble:
        _say(f"the sandbox that ran here is broken: {trouble}")
    if (directory / "pulumi").exists():
        _say("its AWS is gone, with everything deployed to it: starting anew")
    processes.sweep(directory)
    previous = directory / "log.previous"
    for entry in directory.iterdir():
        if entry.name == "log":
            shutil.rmtree(previous, ignore_errors=True)
            entry.rename(previous)
        elif entry != previous:
            remove(entry)


def programs(directory: Path, *, port: int | None, only: Collection[str] = ()) -> Programs:
    """Choose the ports and return the programs to start, or some of them.

    Raises SandboxError if `port` is given and taken.
    """
    balancer = _balancer_port(port)
    aws = free_port(besides=[balancer])
    dns = _dns_port([aws, balancer])
    provider = free_port(besides=[aws, balancer, dns])
    ports = {"aws": aws, "provider": provider, "balancer": balancer, "dns": dns}
    endpoint = f"http://{LOOPBACK}:{ports['aws']}"
    options = {
        "aws": ["--port", str(ports["aws"]), "--balancer-port", str(ports["balancer"])],
        "machines": ["--endpoint", endpoint, "--directory", str(directory / "machines")],
        "balancer": ["--endpoint", endpoint],
        "dns": ["--endpoint", endpoint, "--port", str(ports["dns"])],
        "provider": ["--endpoint", endpoint, "--port", str(ports["provider"])],
    }
    return Programs(
        directory=directory,
        session=uuid.uuid4().hex,
        commands={
            name: [sys.executable, "-m", f"sandbox.{name}", *rest]
            for name, rest in options.items()
            if not only or name in only
        },
        ports=ports,
    )


def _dns_port(taken: Collection[int]) -> int:
    """Return a port that is free by TCP and by UDP, as machines hold UDP ports without their TCP ones."""
    if DNS_PORT not in taken and is_free(DNS_PORT) and is_free(DNS_PORT, udp=True):
        return DNS_PORT
    passed = set(taken)
    while not is_free(port := free_port(besides=passed), udp=True):
        passed.add(port)
    return port


def _balancer_port(asked: int | None) -> int:
    if asked is None:
        return PREFERRED_PORT if is_free(PREFERRED_PORT) else free_port()
    if not is_free(asked):
        raise SandboxError(f"port {asked} is taken by another program; choose a free one with PORT=, or leave it out")
    return asked


def run(programs: Programs) -> State:
    """Start a supervisor in a session of its own, and wait until all its programs are ready."""
    directory = programs.directory
    private(directory)
    git_shim.install(directory)
    logs = directory / "log"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "supervisor.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "sandbox.control.supervisor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=CHECKOUT,
            env=environment.of_processes(directory, programs.keys),
            start_new_session=True,
        )
    started = processes.created(supervisor.pid)
    try:
        _hand_over(supervisor, programs)
        state = session.load(directory)
        if not state:
            raise SandboxError(f"the sandbox started, but {directory / session.FILE} cannot be read; try again")
        return state
    except BaseException:
        processes.end_one(supervisor.pid, started, (signal.SIGTERM, STOP), (signal.SIGKILL, 1.0))
        supervisor.wait()
        processes.sweep(directory)
        (directory / session.FILE).unlink(missing_ok=True)
        raise
    finally:
        for pipe in (supervisor.stdin, supervisor.stdout):
            if pipe:
                pipe.close()


def _hand_over(supervisor: subprocess.Popen[bytes], programs: Programs) -> None:
    """Tell the supervisor what to start, and wait until it says that all is ready. Raises SandboxError if it is not."""
    assert supervisor.stdin and supervisor.stdout  # noqa: S101, PT018  # pipes were asked for
    supervisor.stdin.write(programs.dump().encode())
    supervisor.stdin.close()
    logs = programs.directory / "log"
    try:
        for batch in lines(supervisor.stdout, time.monotonic() + START):
            if any(_is_ready(line) for line in batch):
                return
    except TimeoutError:
        raise SandboxError(f"the sandbox did not start within {START:.0f} s; see the logs in {logs}") from None
    raise SandboxError(f"the sandbox did not start; see {logs}/supervisor.log")


def _is_ready(line: bytes) -> bool:
    event = json.loads(line)
    if "failed" in event:
        raise SandboxError(f"the sandbox did not start: {event['failed']}")
    if "starting" in event:
        _say(f"starting {event['starting']}")
    return "ready" in event


def stop(directory: Path) -> None:
    """End all processes of the sandbox and remove its folder. Raises SandboxError if some cannot be ended."""
    state = session.load(directory)
    if state:
        supervisor = state.supervisor
        processes.end_one(supervisor.pid, supervisor.started, (signal.SIGTERM, STOP), (signal.SIGKILL, 1.0))
    processes.sweep(directory)
    with locked(directory.parent, deadline=STOP):  # a start that was under way has given up by now
        left = processes.sweep(directory)
        if directory.exists():
            remove(directory)
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise SandboxError(f"these processes could not be ended: {pids}; end them with kill -9")


def remove(path: Path) -> None:
    """Remove a file or a folder, including what an app made read-only in it."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
