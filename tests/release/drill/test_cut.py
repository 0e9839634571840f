"""Tests of release/drill/cut.py, place.py, engine.py, checks.py and outside.py, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from release.drill import checks, outside, place
from release.drill.cut import LOCAL, cut_off
from release.drill.engine import Engine
from release.drill.plan import Asked
from release.errors import DrillError
from tests.waiting import until


def test_git_is_cut_off_and_counted(tmp_path: Path):
    """Whatever runs behind the cut finds a git that refuses, whose use is known; the engine's own is not counted."""
    with cut_off(tmp_path, "eu-central-1", os.environ) as cut:
        for arguments in (["fetch", "origin"], ["status", "--porcelain", "-z"]):
            ran = subprocess.run(["git", *arguments], env=cut.environment, capture_output=True, text=True, check=False)
            assert (ran.returncode, ran.stderr) == (128, "fatal: the drill has cut off git\n")
        assert cut.git() == ("git fetch origin",)


def test_https_goes_through_the_proxy_and_is_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Within the cut, processes and this one use the proxy; what was set before is back afterwards."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com")
    monkeypatch.setenv("SLIPWAY_SHA", "a" * 40)
    monkeypatch.delenv("https_proxy", raising=False)
    with cut_off(tmp_path, "eu-central-1", os.environ) as cut:
        assert cut.environment["HTTPS_PROXY"].startswith("http://127.0.0.1:")
        assert os.environ["HTTPS_PROXY"] == cut.environment["HTTPS_PROXY"]
        assert cut.environment["NO_PROXY"] == LOCAL
        assert "HTTP_PROXY" not in cut.environment
        assert "SLIPWAY_SHA" not in cut.environment  # what the shell asks for is not what is drilled
    assert os.environ["HTTPS_PROXY"] == "http://proxy.example.com"
    assert "https_proxy" not in os.environ


def test_one_drill_of_a_stack_at_a_time(tmp_path: Path):
    """A second one is refused while the first one runs, and not after it."""
    for _ in range(2):
        with (
            place.alone(tmp_path / "x"),
            pytest.raises(DrillError, match="is running here already"),
            place.alone(tmp_path / "x"),
        ):
            pass


def test_a_drills_folder_is_private_and_cleared(tmp_path: Path):
    """The stack's file may hold secrets; nothing of it is left once all is removed."""
    with place.alone(tmp_path / "x") as held:
        held.prepare("dr-drill", "config: {}\n", "slipway")
        assert held.used
        assert held.folder.stat().st_mode & 0o777 == 0o700
        assert held.config("dr-drill").stat().st_mode & 0o777 == 0o600
        held.clear()
        assert not held.used
        assert [file.name for file in held.folder.iterdir()] == ["lock"]


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
    with pytest.raises(DrillError, match="pulumi fail: VpcLimitExceeded"):
        pulumi.must("fail")


def test_the_engine_is_ended_at_its_deadline(pulumi: Engine):
    """It is asked to cancel, so that it writes its state, and is gone."""
    shown: list[str] = []
    with pytest.raises(DrillError, match="was not done after 1 s"):
        pulumi.follow("up", deadline=1, show=shown.append)
    assert shown == ["up", "cancelled"]


def test_ctrl_c_cancels_the_engine_first(pulumi: Engine):
    """The interrupt reaches the engine, which ends what it is at, before it goes on to the drill."""
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
    with pytest.raises(DrillError, match="pulumi is not on PATH: install it"):
        bare.ask("version")


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response({"/": 200, "/moved": 302, "/broken": 503}.get(self.path, 404))
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def run(url: str, *, command: str | None = None, check: str | None = None, timeout: float = 20):
    return checks.run(Asked(name="x", command=command, url=check, timeout=timeout), url, os.environ)


def test_checks_of_urls(site: str):
    """2xx passes, also after a redirection; all else fails, with what was answered."""
    assert run(site, check="{url}/").outcome == "passed"
    assert run(site, check="{url}/moved").outcome == "passed"
    failed = run(site, check="{url}/broken")
    assert (failed.outcome, failed.detail) == ("failed", f"{site}/broken answers 503 Service Unavailable")
    assert run(site, check="http://127.0.0.1:1/").outcome == "failed"


def test_checks_by_commands():
    """The exit status decides; the last line is kept; the URL is in the environment."""
    passed = run("http://it", command='echo first; echo "saw $SLIPWAY_URL"')
    assert (passed.outcome, passed.detail) == ("passed", "saw http://it")
    failed = run("http://it", command="echo no route >&2; exit 3")
    assert (failed.outcome, failed.detail) == ("failed", "exit status 3: no route")
    assert run("http://it", command="head -c 10000000 /dev/zero | tr '\\0' x").detail.endswith("…")


def test_a_check_ends_at_its_deadline(tmp_path: Path):
    """With whatever it started."""
    began = time.monotonic()
    failed = run("http://it", command=f"(sleep 60; touch {tmp_path}/late) & sleep 60", timeout=0.5)
    assert (failed.outcome, failed.detail) == ("failed", "it was not done after 0 s")
    assert time.monotonic() - began < 20


def test_what_the_options_commands_tell():
    """The output; an error names the option, the command and what it said; calls are numbers by region."""
    assert outside.told("--lift", "echo done") == "done\n"
    with pytest.raises(DrillError, match=r"--lift: `echo no; exit 2` failed with exit status 2: no"):
        outside.told("--lift", "echo no; exit 2")
    assert outside.calls_by_region('{"eu-west-1": 0}') == {"eu-west-1": 0}
    for text in ("", "[]", '{"eu-west-1": "0"}', '{"eu-west-1": true}'):
        with pytest.raises(DrillError, match="--contacted"):
            outside.calls_by_region(text)
