"""Where the app is on an instance: its user, folder and environment, with the secrets read anew. It runs on instances.

It reads what the instance was told at launch, which boot.sh keeps where each boot runs it. Python 3.9 and the standard
library, nothing else (remote.py, terminal.py).
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from release.console.told import Failure, Told

OWN = """
    PER_BOOT APP_HOME APP_USER APP_ADDRESS APP_LOG_LIMIT AWS_RETRY_MODE AWS_MAX_ATTEMPTS AWS_CLI_FILE_ENCODING AWS_PAGER
    AWS_SSM_INSTANCE_ID AWS_SSM_REGION_NAME INVOCATION_ID JOURNAL_STREAM OLDPWD SHLVL _
"""
"""Variables of boot.sh's and the agent's that the app does not get."""


def aws(*words: str, given: object = None) -> subprocess.CompletedProcess[bytes]:
    """Return a finished call of the AWS CLI, which has a deadline; `given` is its standard input, as JSON."""
    said = None if given is None else json.dumps(given).encode()
    try:
        return subprocess.run(["aws", *words], input=said, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return subprocess.CompletedProcess(words, 1, b"", str(problem).encode())


def last_line(call: subprocess.CompletedProcess[bytes]) -> str:
    """Return the last line of what a call said about its failure."""
    said: bytes = call.stderr
    return said.decode("utf-8", "replace").strip().rpartition("\n")[2][:1000] or f"it ended with {call.returncode}"


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
