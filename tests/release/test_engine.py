"""Tests of release/engine.py, with real processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from release.engine import Engine
from release.errors import EngineError
from tests.waiting import until

PULUMI = """\
#!{python}
import signal, sys, time
if sys.argv[1] == "stack":
    print('{{"url": "http://x"}}')
elif sys.argv[1] == "fail":
    print("Diagnostics:")
    print("  aws:ec2:Vpc (network-vpc):\\n    error: VpcLimitExceeded: no more\\n")
    sys.exit(255)
else:
    signal.signal(signal.SIGINT, lambda *_: (print("cancelled", flush=True), sys.exit(1)))
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def pulumi(tmp_path: Path) -> Engine:
    """An engine in whose place a script fails, waits or answers."""
    program = tmp_path / "pulumi"
    program.write_text(PULUMI.format(python=sys.executable))
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PULUMI_BACKEND_URL": "file:///state"}
    return Engine(project=tmp_path, stack="dr-drill", config=tmp_path / "Pulumi.dr-drill.yaml", environment=environment)


def test_what_the_engine_answers(pulumi: Engine):
    """Its JSON, and of a failure its first errors in one line."""
    assert pulumi.json("stack", "output") == {"url": "http://x"}
    assert pulumi.ask("fail").why == "VpcLimitExceeded: no more"
    with pytest.raises(EngineError, match="pulumi fail: VpcLimitExceeded"):
        pulumi.must("fail")
    ran, said = pulumi.answer("stack", deadline=60)
    assert (ran.code, said) == (0, '{"url": "http://x"}\n')


def test_another_thread_can_end_it(pulumi: Engine):
    """Ctrl-C reaches only the main thread, which has engines run side by side."""
    stop = threading.Event()
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        stop.set()

    with pytest.raises(EngineError, match="pulumi up was interrupted"):
        replace(pulumi, stop=stop).follow("up", deadline=60, show=show)
    assert shown == ["up", "cancelled"]


def test_the_engine_is_ended_at_its_deadline(pulumi: Engine):
    """It is asked to cancel, so that it writes its state, and is gone."""
    shown: list[str] = []
    with pytest.raises(EngineError, match="was not done after 1 s"):
        pulumi.follow("up", deadline=1, show=shown.append)
    assert shown == ["up", "cancelled"]


def test_ctrl_c_cancels_the_engine_first(pulumi: Engine):
    """The interrupt reaches the engine, which ends what it is at, before it goes on to whoever started it."""
    shown: list[str] = []

    def interrupt() -> None:
        until(lambda: "up" in shown)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        pulumi.follow("up", deadline=60, show=shown.append)
    thread.join()
    assert shown == ["up", "cancelled"]


def test_the_command_for_whoever_has_to_remove_by_hand(pulumi: Engine, tmp_path: Path):
    """It names the folder, the state and the stack, so that it can be pasted."""
    said = pulumi.command("destroy", "--yes")
    assert said == (
        f"cd {tmp_path} && PULUMI_BACKEND_URL=file:///state pulumi destroy --yes --stack dr-drill "
        f"--config-file {tmp_path}/Pulumi.dr-drill.yaml"
    )


def test_no_engine_is_one_clear_error(tmp_path: Path):
    """Without pulumi on PATH the error says where to get it."""
    bare = Engine(project=tmp_path, stack="x", config=tmp_path / "x", environment={"PATH": str(tmp_path)})
    with pytest.raises(EngineError, match="pulumi is not on PATH: install it"):
        bare.ask("version")
