"""The CloudWatch agent of a machine: `amazon-cloudwatch-agent-ctl` of the package, and the process that it starts.

It sends what is new in the files it follows, with PutLogEvents' limits: 10,000 events and 1 MiB a batch. What could
not be sent is kept and tried again, and meanwhile no more is read.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sandbox.machines import log_agent_config
from sandbox.machines.log_agent_calls import CallError, Logs
from sandbox.machines.log_agent_config import AgentConfig, AgentConfigError, Followed
from sandbox.machines.log_agent_tail import Event, Tail

MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
OVERHEAD = 26
"""Bytes that each event counts for beside its message."""
OFTEN = 0.25
"""Seconds between two looks at a file; the agent itself is told of changes by the kernel."""
LONGEST_WAIT = 30.0
"""Seconds between two attempts at most."""


def home() -> Path:
    """Return where the agent keeps its configuration and state: in the machine, not in the developer's /opt/aws."""
    return Path(os.environ["HOME"]) / "opt" / "amazon-cloudwatch-agent"


class Shipping:
    """One file on its way to one stream."""

    def __init__(self, followed: Followed, logs: Logs, flush: float) -> None:
        self._followed = followed
        self._logs = logs
        self._flush = flush
        self._state = home() / "state" / followed.path.replace("/", "_")
        self._tail = Tail(Path(followed.path), self._saved())
        self._buffer: list[Event] = []
        self._bytes = 0
        self._due = 0.0
        self._failures = 0

    def step(self, *, last: bool = False) -> bool:
        """Read and send what is due; returns whether there may be more at once."""
        full = self._bytes >= MOST_BYTES or len(self._buffer) >= MOST_EVENTS
        before = self._tail.offset
        if not full:
            for event in self._tail.read(time.time(), last=last):
                if not self._buffer:
                    self._due = max(self._due, time.monotonic() + self._flush)
                self._buffer.append(event)
                self._bytes += len(event.message.encode()) + OVERHEAD
        read = self._tail.offset != before
        if self._buffer and ((full and not self._failures) or (last and not read) or time.monotonic() >= self._due):
            return self._send() or read
        return read or (full and not self._failures)

    def close(self) -> None:
        """Close the file."""
        self._tail.close()

    def _send(self) -> bool:
        batch, size = 0, 0
        for event in self._buffer[:MOST_EVENTS]:
            size += len(event.message.encode()) + OVERHEAD
            if size > MOST_BYTES:
                break
            batch += 1
        try:
            self._logs.put(self._followed, self._buffer[:batch])
        except CallError as error:
            self._failures += 1
            self._due = time.monotonic() + min(LONGEST_WAIT, 0.5 * 2**self._failures)
            print(f"{self._followed.path}: {error}", flush=True)
            return False
        self._failures = 0
        self._buffer = self._buffer[batch:]
        self._bytes = sum(len(event.message.encode()) + OVERHEAD for event in self._buffer)
        if not self._buffer:
            self._state.parent.mkdir(parents=True, exist_ok=True)
            self._state.write_text(str(self._tail.offset))
        return bool(self._buffer)

    def _saved(self) -> int:
        try:
            return int(self._state.read_text())
        except (OSError, ValueError):
            return 0


def run(config: AgentConfig) -> None:
    """Follow the files until SIGTERM; what is there by then is still sent, once."""
    ending: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: ending.append(number))
    logs = Logs(config.region or os.environ["AWS_REGION"])
    shipping = [Shipping(followed, logs, config.flush) for followed in config.files]
    while not ending:
        more = [each.step() for each in shipping]
        if not any(more):
            time.sleep(OFTEN)
    time.sleep(OFTEN)  # what writes the files was told to end at the same time
    for each in shipping:
        while each.step(last=True):
            pass


def control(arguments: Sequence[str]) -> int:
    """Do what `amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:PATH` does."""
    parser = argparse.ArgumentParser(prog="amazon-cloudwatch-agent-ctl")
    parser.add_argument("-a", choices=["fetch-config"], required=True, help="the only action of the sandbox's agent")
    parser.add_argument("-m", choices=["ec2"], default="ec2")
    parser.add_argument("-s", action="store_true", required=True, help="start the agent")
    parser.add_argument("-c", required=True, help="file:PATH")
    given = parser.parse_args(arguments)
    source = Path(str(given.c).removeprefix("file:"))
    try:
        text = source.read_text()
        log_agent_config.read(text)
    except (OSError, AgentConfigError) as error:
        print(f"Configuration validation first phase failed: {error}", file=sys.stderr)
        return 1
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "amazon-cloudwatch-agent.json").write_text(text)
    _stop(folder / "pid")
    with (folder / "amazon-cloudwatch-agent.log").open("ab") as log:
        agent = subprocess.Popen(
            [sys.executable, "-m", "sandbox.machines.log_agent", "run"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (folder / "pid").write_text(json.dumps(agent.pid))
    return 0


def _stop(pid: Path) -> None:
    """End the agent that runs, and await its end: there is one on a machine."""
    try:
        number = int(pid.read_text())
        if b"sandbox.machines.log_agent" in Path(f"/proc/{number}/cmdline").read_bytes():
            os.kill(number, signal.SIGTERM)
    except (OSError, ValueError):
        return
    until = time.monotonic() + LONGEST_WAIT
    while Path(f"/proc/{number}").exists() and time.monotonic() < until:
        time.sleep(0.05)


def main(arguments: Sequence[str]) -> int:
    """Run the agent, or control it."""
    if list(arguments) == ["run"]:
        run(log_agent_config.read((home() / "amazon-cloudwatch-agent.json").read_text()))
        return 0
    return control(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
