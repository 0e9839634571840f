"""Tests of release/drill/cut.py, place.py, checks.py and outside.py, with real processes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from release.drill import checks, outside, place
from release.drill.cut import LOCAL, cut_off
from release.drill.plan import Asked
from release.errors import DrillError


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
