"""What an instance does at launch: its user data, under bash, with stand-ins for what only EC2 has."""

from __future__ import annotations

import getpass
import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from release.user_data import Boot, render
from sandbox.machines.ports import Ports
from tests.waiting import until

pytestmark = pytest.mark.sandbox

SERVE = f"exec {sys.executable} -m http.server --bind 127.0.0.1 $PORT"
STANDS_IN = {
    # Fetches the artifact, and refuses to end the launch as often as the file `refusals` has lines.
    "aws": """echo "$@" >>"$CALLS"
case "$1 $2" in
  "s3 cp") cp "$ARTIFACT" "${@: -1}" ;;
  "autoscaling complete-lifecycle-action")
    [ -s "$REFUSALS" ] || exit 0
    sed -i 1d "$REFUSALS"
    exit 254 ;;
esac
""",
    # Time passes quickly, but not for nothing: waiting here has to end what it is waited for.
    "sleep": 'exec "$REAL_SLEEP" 0.05\n',
}
AS_ROOT = {
    "id": '[ "$1" = -un ] && echo root\n',  # and no user of that name
    "useradd": 'echo useradd "$@" >>"$CALLS"\n',
    "chown": 'echo chown "$@" >>"$CALLS"\n',
    "runuser": 'echo runuser "${@:1:3}" >>"$CALLS"; shift 3; exec "$@"\n',
}


class Metadata(BaseHTTPRequestHandler):
    """IMDSv2: what EC2 tells an instance of itself."""

    def do_PUT(self) -> None:
        self._answer("token")

    def do_GET(self) -> None:
        known = {"instance-id": "i-0abc", "local-ipv4": "127.0.0.1"}
        self._answer(known[self.path.removeprefix("/latest/meta-data/")])

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@dataclass
class Booting:
    """An instance that boots in a folder of its own."""

    folder: Path

    def said(self, words: str) -> list[str]:
        """The commands that were called with those words."""
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line for line in lines if words in line]

    @property
    def app(self) -> Path:
        return self.folder / "app"


def artifact(file: Path) -> str:
    """An archive of one file, and its digest."""
    with tarfile.open(file, "w:gz") as archive:
        entry = tarfile.TarInfo("index.html")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"hi"))
    return hashlib.sha256(file.read_bytes()).hexdigest()


def stand_ins(folder: Path, scripts: dict[str, str]) -> None:
    folder.mkdir()
    for name, body in scripts.items():
        script = folder / name
        script.write_text("#!/bin/bash\n" + body)
        script.chmod(0o755)


@pytest.fixture
def metadata() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def port() -> Iterator[int]:
    ports = Ports()
    taken = ports.take()
    yield taken
    ports.release(taken)


@contextmanager
def booting(
    folder: Path, metadata: str, port: int, *, command: str = SERVE, root: bool = False, **more: str
) -> Iterator[tuple[Booting, subprocess.Popen[str]]]:
    """The user data as it runs; all of its processes end with it."""
    stand_ins(folder / "bin", STANDS_IN | (AS_ROOT if root else {}))
    boot = Boot(
        sha="a" * 40,
        digest=artifact(folder / "artifact.tar.gz"),
        bucket="store",
        region="eu-west-1",
        fleet="web",
        group="slipway-prod-web",
        hook="boot",
        log_group="/slipway/prod/web",
        command=command,
        port=port,
        health_path="/",
        health_codes="200",
        boot_timeout=int(more.pop("boot_timeout", "300")),
        environment={},
    )
    script = folder / "user-data"
    script.write_text(render(boot))
    environment = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "APP_HOME": str(folder / "app"),
        "APP_USER": "app" if root else getpass.getuser(),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
        "CALLS": str(folder / "calls"),
        "REFUSALS": str(folder / "refusals"),
        "REAL_SLEEP": "/bin/sleep",
        "ARTIFACT": str(folder / "artifact.tar.gz"),
        **more,
    }
    # As cloud-init starts it: little in the environment (no HOME), in /, and no input.
    process = subprocess.Popen(
        ["/bin/bash", str(script)],
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Booting(folder), process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_it_ends_the_launch_once_the_app_answers(tmp_path, metadata, port):
    """Nothing but what cloud-init gives is needed; the app finds its port and a home of its own."""
    with booting(tmp_path, metadata, port, command=f"env >$HOME/seen; {SERVE}") as (instance, process):
        assert process.wait(60) == 0
        (ended,) = instance.said("complete-lifecycle-action")
        assert ended.endswith("--instance-id i-0abc --lifecycle-action-result CONTINUE")
        seen = (instance.app / "home" / "seen").read_text().splitlines()
        assert f"HOME={instance.app / 'home'}" in seen
        assert f"PORT={port}" in seen


def test_a_boot_that_is_ahead_of_its_group_says_so_again(tmp_path, metadata, port):
    """Auto Scaling may not know the lifecycle action yet when a quick boot wants to end it."""
    (tmp_path / "refusals").write_text("\n\n")
    with booting(tmp_path, metadata, port) as (instance, process):
        assert process.wait(60) == 0
        assert len(instance.said("complete-lifecycle-action")) == 3


def test_a_slow_boot_gains_time(tmp_path, metadata, port):
    """The hook counts from the launch, the script from its own start: it has the count begun again."""
    with booting(tmp_path, metadata, port, command="exec $REAL_SLEEP 300") as (instance, process):
        until(lambda: instance.said("record-lifecycle-action-heartbeat"))
        assert process.poll() is None
        assert not instance.said("complete-lifecycle-action")


def test_the_app_is_asked_where_the_balancer_will_ask(tmp_path, metadata, port):
    """One that listens on another address than the instance's is abandoned, and told what to do."""
    with booting(tmp_path, metadata, port, boot_timeout="17", APP_ADDRESS="127.0.0.2") as (instance, process):
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert f"nothing answered on port {port} of 127.0.0.2" in said
        assert "must listen on $PORT of every address" in said
        assert instance.said("--lifecycle-action-result ABANDON")


def test_the_app_runs_as_a_user_to_whom_the_release_belongs(tmp_path, metadata, port):
    """The release and the home are the app's, so that what writes beside its code can; nothing else is."""
    with booting(tmp_path, metadata, port, root=True) as (instance, process):
        assert process.wait(60) == 0
        home, code = instance.app / "home", instance.app / "release"
        assert instance.said("useradd") == [f"useradd --system --home-dir {home} --shell /sbin/nologin app"]
        assert instance.said("chown") == [f"chown -R app: {code} {home}"]
        assert instance.said("runuser") == ["runuser -u app --"]


def test_what_the_app_says_does_not_fill_the_disk(tmp_path, metadata, port):
    """Its output is cut, the last of it is kept."""
    talk = f"for n in $(seq 2000); do echo line $n; done; {SERVE}"
    with booting(tmp_path, metadata, port, command=talk, APP_LOG_LIMIT="10000") as (instance, process):
        assert process.wait(60) == 0
        kept, output = instance.app / "app.log.1", instance.app / "app.log"
        until(lambda: kept.exists() and output.stat().st_size < 10_000)
        assert "line 2000\n" in kept.read_text()
