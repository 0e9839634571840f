"""A command on a terminal of an instance, by Session Manager and AWS's plugin for it.

The plugin carries what is typed and said; it is called as the AWS CLI calls it (awscli/customizations/
sessionmanager.py): what StartSession answered, which opens the session, is in a variable and so in no list of
processes. Source: Systems Manager user guide, "Install the Session Manager plugin for the AWS CLI".
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from release import names
from release.clients import FAILURES, SHORTLY, client, code, described
from release.console.errand import allowed, off, unregistered
from release.console.seats import Seat
from release.errors import ConsoleError

PLUGIN = "session-manager-plugin"
SHELL = ("bash", "-l")
VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
_OLDER = (1, 2, 497, 0)
"""The last version of the plugin that does not read the variable (awscli, as above)."""
_GET = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
"""A second StartSession would open a second session, which nobody ends."""
_KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
"""What keys send: the plugin passes them on to the instance."""
_LEFT = (signal.SIGHUP, signal.SIGTERM)
_GRACE = 3.0


def plugin() -> str:
    """Return where the plugin is. Raises ConsoleError without a terminal, without a plugin, or with an old one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConsoleError("-it needs a terminal, as standard input and output; without one leave it out")
    found = shutil.which(PLUGIN)
    if found is None:
        raise ConsoleError(f"-it needs AWS's {PLUGIN}, which is not on PATH: {_GET}")
    try:
        asked = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ConsoleError(f"{found} can't be run: {problem}") from None
    version = asked.stdout.strip()
    if not re.fullmatch(r"\d+(\.\d+){0,3}", version) or tuple(map(int, version.split("."))) <= _OLDER:
        raise ConsoleError(f"{found} is too old for -it ({version[:50] or 'it tells no version'}): {_GET}")
    return found


def attend(region: str | None, seat: Seat, request: str, plugin: str, warn: Callable[[str], None]) -> int:
    """Open a session, hand the terminal to the plugin, and end the session; return the plugin's exit status.

    Raises ConsoleError with nothing opened; SystemExit where this process is told to end, with the session ended.
    """
    ssm = client("ssm", region, _ONCE)
    asked = {
        "Target": seat.id,
        "DocumentName": names.shell_document(seat.stack),
        "Reason": "python -m release exec -it",
        "Parameters": {"request": [request]},
    }
    with _handling(signal.SIG_IGN, *_KEYS), _handling(_leave, *_LEFT), _held(*_LEFT):
        began = _started(ssm, seat, asked)
        answer = json.dumps({name: began[name] for name in ("SessionId", "TokenValue", "StreamUrl")})
        given = [VARIABLE, ssm.meta.region_name, "StartSession", "", json.dumps(asked), ssm.meta.endpoint_url]
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEFT)
            return _attended([plugin, *given], {**os.environ, VARIABLE: answer})
        finally:
            with _held(*_LEFT):
                _terminate(region, str(began["SessionId"]), warn)


def _started(ssm: Any, seat: Seat, asked: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
    try:
        with allowed(f"instance {seat.id}"):
            return ssm.start_session(**asked)
    except ConsoleError as error:
        answered = code(error.__cause__) if isinstance(error.__cause__, ClientError) else ""
        if answered == "InvalidDocument":
            raise ConsoleError(off(seat.stack, asked["DocumentName"])) from None
        if answered == "TargetNotConnected":
            raise ConsoleError(unregistered(seat.id)) from None
        raise


def _attended(command: list[str], environment: Mapping[str, str]) -> int:
    """Run the plugin to its end, or end it; the terminal is afterwards as it was before."""
    before = termios.tcgetattr(sys.stdin)
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as problem:
        raise ConsoleError(f"{command[0]} can't be run: {problem.strerror}") from None
    try:
        status = process.wait()
        return status if status >= 0 else 128 - status
    finally:
        with _held(*_LEFT):
            _end(process)
            _restore(before)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _restore(before: list[Any]) -> None:
    try:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
    except termios.error:
        return  # the terminal is gone


def _terminate(region: str | None, session: str, warn: Callable[[str], None]) -> None:
    """End the session, also one that has ended: the plugin ends it only in some cases."""
    try:
        client("ssm", region, SHORTLY).terminate_session(SessionId=session)
    except FAILURES as error:
        ends = f"`aws ssm terminate-session --session-id {session}` ends it"
        warn(f"warning: session {session} may still be open: {described(error)}. {ends}")


@contextmanager
def _handling(handler: signal.Handlers | Callable[[int, FrameType | None], None], *numbers: int) -> Generator[None]:
    """Answer these signals so for a while. What is ignored, a process begun meanwhile ignores too, at first."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


@contextmanager
def _held(*numbers: int) -> Generator[None]:
    """Let these signals wait, so that nothing is left half done."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
