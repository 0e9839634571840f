"""A command of the user's is ended with all that it started, whoever interrupts what."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil

from release import processes
from release.command import Ended, run
from tests.waiting import until

PROJECT = Path(__file__).resolve().parents[2]
ENGINE = """
    import os, signal, subprocess, sys
    signal.signal(signal.SIGINT, lambda *_: None)
    program = subprocess.Popen([sys.executable, "-c", sys.argv[1]], preexec_fn=os.setpgrp)
    sys.exit(program.wait())
"""
PROGRAM = """
    import os, pathlib
    from release import command, processes
    ended = command.run(
        ["bash", "-c", "trap 'echo told; exit 3' TERM; echo up; sleep 300 & wait"],
        directory=pathlib.Path.cwd(), environment=dict(os.environ), timeout=60,
        output=lambda line: print(line, flush=True), group=processes.engine_group(),
    )
    print(ended.status, flush=True)
"""


def ran(command: str, timeout: float = 30) -> tuple[Ended, list[str]]:
    shown: list[str] = []
    ended = run(
        ["bash", "-c", command],
        directory=PROJECT,
        environment={**os.environ, "FACT": "a b"},
        timeout=timeout,
        output=shown.append,
    )
    return ended, shown


def test_lines_come_and_the_last_ones_are_kept():
    """Both outputs, the environment, and the exit status."""
    ended, shown = ran('for i in $(seq 30); do echo "$i $FACT"; done; echo oh >&2; exit 4')
    assert shown == [*(f"{i} a b" for i in range(1, 31)), "oh"]
    assert (ended.status, list(ended.last)) == (4, shown[-20:])


def test_what_takes_too_long_is_ended_with_all_it_started():
    """Also what it left in the background, which holds the output open."""
    ended, shown = ran("sleep 300 & echo $!; wait", timeout=1)
    assert ended.status is None
    until(lambda: not psutil.pid_exists(int(shown[0])))


def test_an_interrupt_of_the_engines_group_ends_it():
    """Ctrl-C reaches the engine's group only, and the program is in another one: the command is told nevertheless."""
    engine = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ENGINE), textwrap.dedent(PROGRAM)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert engine.stdout
    assert engine.stdout.readline() == "up\n"
    os.killpg(engine.pid, signal.SIGINT)
    said = engine.communicate(timeout=30)[0].splitlines()
    assert said == ["told", str(processes.INTERRUPTED)]
