"""Processes are ended for certain, and die with their parent."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from sandbox import processes

pytestmark = pytest.mark.sandbox

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
ORPHAN = """
import os, signal
from sandbox.processes import die_with_parent
prepare = die_with_parent(signal.SIGKILL)
if os.fork() == 0:
    if os.fork() == 0:
        prepare()  # for a grandchild, as for a child that lost its parent, the parent is another one
        print("survived", flush=True)
    os.wait()
    os._exit(0)
os.wait()
"""


def test_a_process_that_ignores_one_signal_gets_the_next():
    """Whether it runs is asked again before each step, and a zombie has ended: its parent is left to wait for it."""
    asked: list[int] = []
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        process = psutil.Process(child.pid)

        def find() -> list[psutil.Process]:
            asked.append(child.pid)
            return [process]

        assert processes.end(find, (signal.SIGTERM, 0.1)) == [process]
        assert processes.end(find, (signal.SIGTERM, 0.1), (signal.SIGKILL, 10)) == []
        assert process.status() == psutil.STATUS_ZOMBIE
        assert child.wait() == -signal.SIGKILL
    assert len(asked) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal is Linux's")
def test_a_child_whose_parent_died_before_the_kernel_was_told_ends():
    """The parent may be killed between the fork and the request for a signal at its death."""
    ran = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.stdout, ran.stderr) == ("", "")
