"""What an instance runs for `python -m release exec`: a command as the app's user, with the app's environment.

It is sent there with told.py, place.py, masking.py and outlet.py before it, and run by the image's Python as root:
Python 3.9 and the standard library, nothing else. What the command says goes to the log group, without the values of
secrets. No secret is in a file, an argument or a log.

`python3 - REQUEST`: JSON in base64, as request.py makes it. The exit status is the command's.
"""

from __future__ import annotations

import base64
import codecs
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

from release.console.masking import Mask
from release.console.outlet import Outlet
from release.console.place import Place, aws, get_parameters, last_line, secrets
from release.console.told import Failure

GRACE = 5
"""Seconds from SIGTERM to SIGKILL."""
REBOOT = 194
"""To the SSM Agent this exit status means: reboot, and run the script again."""
GUARD = """
import os, signal, sys, time
os.read(0, 1)  # it returns once the other end is closed, however that process ended
for number in (signal.SIGTERM, signal.SIGKILL):
    try:
        os.killpg(int(sys.argv[1]), number)
    except OSError:
        break
    time.sleep(3)
"""
"""Ends the command where this program is killed, which is how the SSM Agent cancels."""


class Run:
    """The command, in a process group of its own, and two threads that pass on what it says."""

    def __init__(self, argv: Sequence[str], place: Place, values: Mapping[str, str], outlet: Outlet) -> None:
        self._outlet = outlet
        self._process = subprocess.Popen(
            [os.fsencode(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=place.code,
            env=place.environment(values),
            start_new_session=True,
            umask=0o22,
            **place.identity(),
        )
        guard = [sys.executable, "-I", "-c", GUARD, str(self._process.pid)]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)
        streams = (("out", self._process.stdout), ("err", self._process.stderr))
        self._pumps = [
            threading.Thread(target=pump, args=(stream, to, Mask(values), outlet), daemon=True)
            for to, stream in streams
        ]
        for each in self._pumps:
            each.start()

    def finish(self, deadline: float) -> tuple[int, bool]:
        """Return the exit status, as a shell has it, and whether the command was ended at its deadline."""
        late: float | None = None
        while self._process.poll() is None:
            now = time.monotonic()
            if late is None and now > deadline:
                late = now
                self._signal(signal.SIGTERM)
            elif late is not None and now > late + GRACE:
                self._signal(signal.SIGKILL)
            if not self._outlet.send():
                time.sleep(0.1)
        for number in (signal.SIGTERM, signal.SIGKILL):  # what it left in the background, which holds the pipes
            self._drain(time.monotonic() + 0.5)
            self._signal(number)
        self._drain(time.monotonic() + GRACE)
        self._guard.kill()
        self._guard.wait()
        code = int(self._process.returncode)
        return (code if code >= 0 else 128 - code), late is not None

    def _drain(self, deadline: float) -> None:
        while any(each.is_alive() for each in self._pumps) and time.monotonic() < deadline:
            if not self._outlet.send():
                time.sleep(0.02)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, number)


def pump(stream: IO[bytes], to: str, mask: Mask, outlet: Outlet) -> None:
    """Pass on what a stream says until it ends."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    chunk = b"-"
    while chunk:
        chunk = os.read(stream.fileno(), 65536)
        outlet.say(to, mask.take(decoder.decode(chunk, final=not chunk), last=not chunk))


def carry_out(request: Mapping[str, Any], place: Place, values: Mapping[str, str], outlet: Outlet) -> tuple[int, bool]:
    """Run the command; return its exit status and whether it was late."""
    try:
        run = Run(request["argv"], place, values, outlet)
    except OSError as problem:
        outlet.say("err", f"{request['argv'][0]}: {problem.strerror}\n")
        return (127 if isinstance(problem, FileNotFoundError) else 126), False
    return run.finish(time.monotonic() + request["seconds"])


def main(encoded: str) -> int:
    """Carry out a request; return the exit status. Raises Failure."""
    request = json.loads(base64.b64decode(encoded))
    place = Place()
    values = secrets(place.told.lists["SECRETS"], get_parameters)
    named = ("--log-group-name", request["group"], "--log-stream-name", request["stream"])
    made = aws("logs", "create-log-stream", *named)
    if made.returncode:
        raise Failure(f"cannot write to the log group {request['group']}: {last_line(made)}")

    def put(events: list[dict[str, Any]]) -> str:
        call = aws("logs", "put-log-events", *named, "--log-events", "file:///dev/stdin", given=events)
        return last_line(call) if call.returncode else ""

    outlet = Outlet(put)
    status, late = carry_out(request, place, values, outlet)
    outlet.end(status)
    while outlet.send():
        pass
    print(json.dumps({"exit": status, "late": late, "lines": outlet.count, "lost": outlet.problem}))
    return 1 if status == REBOOT else status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except Failure as problem:
        sys.exit(f"slipway: {problem}")
