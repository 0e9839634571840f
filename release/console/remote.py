"""What an instance runs for `python -m release exec`: a command as the app's user, with the app's environment.

It is sent there with told.py, masking.py and outlet.py before it, and run by the image's Python as root: Python 3.9 and
the standard library, nothing else. It reads what the instance was told at launch, which boot.sh keeps where each boot
runs it, and the secrets anew from the Parameter Store; what the command says goes to the log group, without the values
of secrets. No secret is in a file, an argument or a log.

`python3 - REQUEST`: JSON in base64, as request.py makes it. The exit status is the command's.
"""

from __future__ import annotations

import base64
import codecs
import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from release.console.masking import Mask
from release.console.outlet import Outlet, aws, last_line
from release.console.told import Failure, Told

OWN = """
    PER_BOOT APP_HOME APP_USER APP_ADDRESS APP_LOG_LIMIT AWS_RETRY_MODE AWS_MAX_ATTEMPTS AWS_CLI_FILE_ENCODING AWS_PAGER
    AWS_SSM_INSTANCE_ID AWS_SSM_REGION_NAME INVOCATION_ID JOURNAL_STREAM OLDPWD SHLVL _
"""
"""Variables of boot.sh's and the agent's that the app does not get."""
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


def secrets(selectors: Sequence[str], ask: Callable[[Sequence[str]], Mapping[str, Any]]) -> dict[str, str]:
    """Return the secrets' values by name; `ask` is GetParameters, which takes ten names. Raises Failure."""
    values: dict[str, str] = {}
    for start in range(0, len(selectors), 10):
        answer = ask(selectors[start : start + 10])
        if answer["InvalidParameters"]:
            raise Failure("no such parameters: " + " ".join(answer["InvalidParameters"]))
        values.update((each["Name"].rsplit("/", 1)[1], each["Value"]) for each in answer["Parameters"])
    return values


def get_parameters(names: Sequence[str]) -> Mapping[str, Any]:
    """Call GetParameters. Raises Failure."""
    call = aws("ssm", "get-parameters", "--with-decryption", "--output", "json", "--names", *names)
    if call.returncode:
        raise Failure(f"cannot read the secrets of this fleet: {last_line(call)}")
    return json.loads(call.stdout)


class Place:
    """Where the app is on this instance, by the variables that boot.sh goes by, and what it was told."""

    def __init__(self) -> None:
        self.home = os.environ.get("APP_HOME", "/opt/app")
        self.user = os.environ.get("APP_USER", "app")
        self.code = self.home + "/release"
        per_boot = Path(os.environ.get("PER_BOOT", "/var/lib/cloud/scripts/per-boot"), "slipway")
        try:
            self.told = Told(per_boot.read_text(encoding="utf-8", errors="surrogateescape"))
            self.instance = Path(self.home, "instance").read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise Failure(f"no release was booted on this instance: {problem}") from None
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = self.told.texts["REGION"]

    def environment(self, values: Mapping[str, str]) -> dict[bytes, bytes]:
        """Return the environment that boot.sh gives the app."""
        told = self.told.texts
        own = {name: value for name, value in os.environ.items() if name not in OWN.split()}
        own.update(HOME=self.home + "/home", PWD=self.code, PORT=os.environ.get("PORT", told["DEFAULT_PORT"]))
        own.update(INSTANCE_ID=self.instance, RELEASE_SHA=told["SHA"], RELEASE_DIGEST=told["DIGEST"])
        own.update(json.loads(told["ENVIRONMENT"]))
        own.update(values)
        return {os.fsencode(name): value.encode("utf-8", "surrogateescape") for name, value in own.items()}

    def identity(self) -> dict[str, Any]:
        """Return the user and groups to become, or nothing where this is the app's user already. Raises Failure."""
        if self.user == str(os.getuid()):
            return {}
        try:
            found = pwd.getpwuid(int(self.user)) if self.user.isdigit() else pwd.getpwnam(self.user)
        except KeyError:
            raise Failure(f"this instance has no user {self.user}: its boot has not come that far") from None
        if found.pw_uid == os.getuid():
            return {}
        groups = os.getgrouplist(found.pw_name, found.pw_gid)
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": groups}


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
