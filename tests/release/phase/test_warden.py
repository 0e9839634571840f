"""The process that hears Ctrl-C for the program, and outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from release.phase.warden import Warden
from tests.waiting import until

ASKED: list[str] = []


class Ec2(BaseHTTPRequestHandler):
    """An EC2 that knows no instance."""

    def do_POST(self) -> None:
        ASKED.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<Response><requestId>1</requestId></Response>")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def test_ctrl_c_is_heard_and_leaving_ends_it():
    """It takes a signal as word, not as its end; the instance is left alone where the program ends well."""
    with Warden("i-1", "eu-west-1") as warden:
        process = warden._process  # pyright: ignore[reportPrivateUsage]
        until(lambda: catches(process.pid, signal.SIGHUP))
        process.send_signal(signal.SIGINT)
        assert warden.interrupted.wait(30)
        assert process.poll() is None
    assert process.returncode == 0


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal (proc(5), SigCgt)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) & 1 << (number - 1))


def test_it_ends_the_instance_when_the_program_is_killed():
    """The program's end of its input is closed with it, whatever kills it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ec2) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        own = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_REGION": "eu-west-1"}
        environment = {**os.environ, **own, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        killed = (
            "import os; from release.phase.warden import Warden; Warden('i-1').__enter__(); os.kill(os.getpid(), 9)"
        )
        assert subprocess.run([sys.executable, "-c", killed], env=environment, check=False).returncode == -9
        until(lambda: any("Action=TerminateInstances" in each and "i-1" in each for each in ASKED))
        server.shutdown()
