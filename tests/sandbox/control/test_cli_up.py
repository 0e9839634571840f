"""`python -m sandbox` from end to end with the real engine, a one-line program, and stand-ins for the processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import engine, processes

ROOT = Path(__file__).resolve().parents[3]
SERVER = """
import argparse, http.server, json, threading
parser = argparse.ArgumentParser()
for name in ("port", "balancer-port", "endpoint", "directory"):
    parser.add_argument("--" + name)
options = parser.parse_args()

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

ports = [int(port) for port in (options.port, options.balancer_port) if port] or [0]
servers = [http.server.HTTPServer(("127.0.0.1", port), Handler) for port in ports]
print(json.dumps({"ready": True, "port": servers[0].server_port}), flush=True)
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
"""
PROGRAM = """
import os, json, pathlib, time, pulumi
state = json.loads(pathlib.Path(".sandbox/state.json").read_text())
if os.environ["SLIPWAY_SHA"] == "slow":
    pathlib.Path("running").touch()
    time.sleep(60)
if os.environ["SLIPWAY_SHA"] == "bad":
    raise pulumi.RunError("no such commit")
pulumi.export("sha", os.environ["SLIPWAY_SHA"])
pulumi.export("url", f"http://127.0.0.1:{state['ports']['balancer']}")
"""
PULUMI = "name: slipway\nruntime:\n  name: python\n"


class Checkout:
    """A miniature checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """Run `python -m sandbox …` there."""
        return subprocess.run(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
            **kwargs,
        )

    def git(self, *arguments: str) -> str:
        """Run git there; returns what it prints."""
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout.strip()

    def status(self) -> dict[str, Any]:
        """The sandbox's own account of itself."""
        return json.loads(self.run("status", "--json").stdout)

    def eval(self, command: str) -> str:
        """Run a command in the environment that `env` exports."""
        script = f'eval "$({sys.executable} -m sandbox env)" && {command}'
        ran = subprocess.run(["sh", "-c", script], cwd=self.folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr + ran.stdout
        return ran.stdout


def make_checkout(folder: Path) -> Checkout:
    """The sandbox's own modules, stand-ins for its four processes, and a program."""
    modules = folder / "sandbox"
    ignore = shutil.ignore_patterns("audit", "aws", "machines", "balancer", "dns", "provider", "__pycache__")
    shutil.copytree(ROOT / "sandbox", modules, ignore=ignore)
    (folder / "release" / "source").mkdir(parents=True)  # what the sandbox takes of release follows
    source = [f"source/{name}.py" for name in ("__init__", "git_command", "urls")]
    for name in ("__init__.py", "errors.py", "names.py", "processes.py", *source):
        shutil.copy(ROOT / "release" / name, folder / "release" / name)
    for name in ("aws", "machines", "balancer", "dns", "provider"):
        (modules / name).mkdir()
        (modules / name / "__main__.py").write_text(SERVER)
    shutil.copytree(ROOT / "policy", folder / "policy", ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "Pulumi.yaml").write_text(PULUMI)
    shutil.copy(ROOT / "Pulumi.sandbox.yaml", folder)
    (folder / ".gitignore").write_text(".sandbox\n__pycache__\nrunning\n")
    checkout = Checkout(folder)
    checkout.git("init", "--quiet")
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--message", "one")
    return checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """One checkout for all of these, and nothing of it left running."""
    if not engine.find():
        pytest.skip("there is no engine on this machine; make up puts one there")
    folder = make_checkout(tmp_path_factory.mktemp("checkout"))
    yield folder
    folder.run("down", "--no-destroy")
    assert processes.find(folder.folder / ".sandbox") == []


@contextlib.contextmanager
def deploying(checkout: Checkout) -> Generator[subprocess.Popen[str]]:
    """An `up` that has got as far as running the program, which never ends by itself."""
    marker = checkout.folder / "running"
    marker.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sandbox", "up", "--sha", "slow"]
    with subprocess.Popen(
        command,
        cwd=checkout.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        try:
            end = time.monotonic() + 90
            while not marker.exists():
                assert process.poll() is None, process.stdout.read()
                assert time.monotonic() < end
                threading.Event().wait(0.05)
            yield process
        finally:
            process.terminate()


pytestmark = pytest.mark.engine


def test_up_ends_with_what_serves_and_leaves_the_checkout_clean(checkout: Checkout):
    """The last line names HEAD and an address that answers; git sees no change; a preview then says unchanged."""
    checkout.run("start")
    before = checkout.status()
    ran = checkout.run("up")

    head = checkout.git("rev-parse", "HEAD")
    assert ran.returncode == 0, ran.stderr
    assert re.fullmatch(rf"serving {head} at http://127\.0\.0\.1:\d+", ran.stdout.splitlines()[-1])
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.status()["processes"] == before["processes"]
    assert "1 unchanged" in checkout.eval("pulumi preview --non-interactive")
    assert checkout.git("status", "--porcelain") == ""


def test_failed_up_passes_the_exit_code_on(checkout: Checkout):
    """A deploy that fails is a failure of the command, without a traceback of ours."""
    ran = checkout.run("up", "--sha", "bad")

    assert ran.returncode != 0
    assert "no such commit" in ran.stdout
    assert "serving" not in ran.stdout
    assert "Traceback" not in ran.stderr


def test_stack_file_without_a_salt_is_not_rewritten(checkout: Checkout):
    """A stack file made for another secrets provider is deployed from a copy; the committed one stays."""
    file = checkout.folder / "Pulumi.other.yaml"
    file.write_text("secretsprovider: awskms://alias/x\nconfig:\n  aws:region: eu-west-3\n")
    before = file.read_bytes()

    ran = checkout.run("up", "--stack", "other")

    assert ran.returncode == 0, ran.stderr
    assert file.read_bytes() == before
    assert checkout.eval("pulumi config get aws:region --stack other").strip() == "eu-west-3"
    assert checkout.eval("printenv AWS_REGION").strip() == "eu-west-3"
    file.unlink()


def test_unknown_stack_is_one_line(checkout: Checkout):
    """A user's mistake is one line that names what there is."""
    ran = checkout.run("up", "--stack", "nope")

    assert ran.returncode == 1
    assert (
        ran.stderr == "error: Pulumi.nope.yaml does not exist, so there is no stack 'nope'; existing stacks: sandbox\n"
    )


def test_up_after_a_killed_up_waits_for_its_pulumi(checkout: Checkout):
    """kill -9 of an `up` leaves its pulumi at work: the next one says that it waits, and then goes on."""
    with deploying(checkout) as killed:
        killed.kill()
        killed.wait(60)
        [orphan] = processes.find(checkout.folder / ".sandbox", name="pulumi")
        command = [sys.executable, "-m", "sandbox", "up"]
        with subprocess.Popen(
            command, cwd=checkout.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as up:
            assert up.stderr
            assert (
                f"waiting for another pulumi to finish in this sandbox (process {orphan.pid})" in up.stderr.readline()
            )
            orphan.send_signal(signal.SIGINT)
            out, err = up.communicate(timeout=180)

    assert up.returncode == 0, err + out
    assert out.splitlines()[-1].startswith("serving ")


def test_second_up_is_refused_and_ctrl_c_ends_the_first(checkout: Checkout):
    """A second `up` during a deploy says so; Ctrl-C ends the first, as a failure."""
    with deploying(checkout) as up:
        ran = checkout.run("up")
        assert ran.returncode == 1
        assert "another `make up` is deploying to this sandbox; wait for it" in ran.stderr
        assert up.poll() is None
        up.send_signal(signal.SIGINT)
        out, _ = up.communicate(timeout=120)

    assert up.returncode != 0
    assert "sandbox/control/cli.py" not in out


def test_up_after_everything_was_killed(checkout: Checkout):
    """After kill -9 of pulumi and of a process the next `up` starts anew and serves."""
    with deploying(checkout) as up:
        for process in [*processes.find(checkout.folder / ".sandbox", name="pulumi")]:
            process.kill()
        up.communicate(timeout=120)
    os.kill(checkout.status()["processes"]["machines"], signal.SIGKILL)

    ran = checkout.run("up")

    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert "machines was killed" in ran.stderr
    assert "starting anew" in ran.stderr


def test_up_after_only_pulumi_was_killed(checkout: Checkout):
    """The lock that a killed pulumi leaves does not stop the next `up`."""
    with deploying(checkout) as up:
        for process in processes.find(checkout.folder / ".sandbox", name="pulumi"):
            process.kill()
        up.communicate(timeout=120)

    ran = checkout.run("up")

    assert ran.returncode == 0, ran.stderr + ran.stdout


def test_down_in_the_middle_of_a_deploy(checkout: Checkout):
    """`down` ends the deploy and everything else; a second one has nothing to do; env says so too."""
    with deploying(checkout) as up:
        ran = checkout.run("down")
        up.communicate(timeout=120)

    assert ran.returncode == 0, ran.stderr
    assert up.returncode != 0
    assert processes.find(checkout.folder / ".sandbox") == []
    assert not (checkout.folder / ".sandbox").exists()
    assert checkout.run("down").stdout == "no sandbox runs here\n"
    assert "no sandbox runs; run `make up`" in checkout.run("env").stderr
