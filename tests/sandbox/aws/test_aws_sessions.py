"""Sessions, as whoever has the role `console` opens them: what the plugin is given, and that each is ended.

The plugin is a small program in its place on PATH; nobody answers at a session's stream.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.permissions import roles
from release import names
from release.console.document import session_content
from tests.aws.emulator import REGION, Emulator
from tests.aws.playing import playing
from tests.waiting import until

pytestmark = pytest.mark.sandbox

ACCOUNT = "123456789012"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
AGENT = [
    "ssm:UpdateInstanceInformation",
    *(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")),
]
PLUGIN = """#!{python}
import json, os, sys, termios, time
if sys.argv[1] == "--version":
    print("{version}")
    sys.exit()
given = {{"argv": sys.argv[1:], "answer": os.environ.get("AWS_SSM_START_SESSION_RESPONSE"), "id": os.getpid()}}
settings = termios.tcgetattr(0)
settings[3] &= ~termios.ECHO
termios.tcsetattr(0, termios.TCSANOW, settings)
with open({given!r} + ".new", "w") as file:
    json.dump(given, file)
os.rename({given!r} + ".new", {given!r})
time.sleep({seconds})
sys.exit(7)
"""
OPEN = """
import sys
from datetime import datetime, timezone
from release.console import session
from release.console.seats import Seat
from release.errors import ConsoleError
seat = Seat(id=sys.argv[1], state="running", launched=datetime.now(timezone.utc), stack="prod", fleet="web", sha="a")
try:
    sys.exit(session.attend(None, seat, "e30=", session.plugin(), print))
except ConsoleError as error:
    sys.exit(f"error: {error}")
"""


def give(aws: Emulator, role: str, policy: Mapping[str, Any]) -> None:
    aws.client("iam").put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(policy))


def allow_agent(aws: Emulator, actions: Sequence[str]) -> None:
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    give(aws, "agent", {"Version": "2012-10-17", "Statement": [allowed]})


@pytest.fixture(scope="module")
def instance(aws: Emulator) -> Iterator[str]:
    """An instance of stack prod, whose agent opens sessions; the stack's document; the role `console`."""
    iam, ec2, ssm = aws.client("iam"), aws.client("ec2"), aws.client("ssm")
    for role in ("agent", "console"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
    allow_agent(aws, AGENT)
    give(aws, "console", roles.policy("console", roles.Scope(stack="prod", region=REGION, account=ACCOUNT)))
    iam.create_instance_profile(InstanceProfileName="agent")
    iam.add_role_to_instance_profile(InstanceProfileName="agent", RoleName="agent")
    ssm.create_document(Name=names.shell_document("prod"), DocumentType="Session", Content=session_content())
    with playing(aws):
        id_ = run(aws, "prod")
        yield id_
    ec2.terminate_instances(InstanceIds=[id_])
    ssm.delete_document(Name=names.shell_document("prod"))
    iam.remove_role_from_instance_profile(InstanceProfileName="agent", RoleName="agent")
    iam.delete_instance_profile(InstanceProfileName="agent")
    for name in ("agent", "console"):
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        iam.delete_role(RoleName=name)


def run(aws: Emulator, stack: str) -> str:
    """Return the id of a running instance of that stack."""
    ec2 = aws.client("ec2")
    made = ec2.run_instances(
        ImageId=ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": "agent"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": names.STACK_TAG, "Value": stack}]}],
    )
    id_ = str(made["Instances"][0]["InstanceId"])

    def speaks() -> bool:
        return id_ in [each["InstanceId"] for each in aws.client("ssm").describe_instance_information()[LISTED]]

    until(speaks)
    return id_


LISTED = "InstanceInformationList"


@dataclass
class Desk:
    """Somebody with the role `console`, at a terminal."""

    aws: Emulator
    folder: Path

    def plugin(self, *, version: str = "1.2.707.0", seconds: float = 0) -> None:
        file = self.folder / "session-manager-plugin"
        given = str(self.folder / "given")
        file.write_text(PLUGIN.format(python=sys.executable, version=version, given=given, seconds=seconds))
        file.chmod(0o755)

    def open(self, instance: str) -> subprocess.Popen[bytes]:
        """Start a session, on a terminal that is `end`'s other one."""
        self.end, other = pty.openpty()
        role = f"arn:aws:iam::{ACCOUNT}:role/console"
        got = self.aws.client("sts").assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
        process = subprocess.Popen(
            [sys.executable, "-c", OPEN, instance],
            stdin=other,
            stdout=other,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={
                "PATH": f"{self.folder}{os.pathsep}/usr/bin:/bin",
                "PYTHONPATH": str(Path.cwd()),
                "AWS_ENDPOINT_URL": self.aws.url,
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
                "AWS_SESSION_TOKEN": got["SessionToken"],
            },
        )
        os.close(other)
        return process

    def given(self) -> dict[str, Any]:
        until((self.folder / "given").exists)
        return json.loads((self.folder / "given").read_text())

    def sessions(self, state: str) -> list[dict[str, Any]]:
        return self.aws.client("ssm").describe_sessions(State=state)["Sessions"]


@pytest.fixture
def desk(aws: Emulator, tmp_path: Path) -> Iterator[Desk]:
    there = Desk(aws, tmp_path)
    yield there
    os.close(there.end)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Return the exit status of what has ended, and its errors."""
    error = process.communicate(timeout=60)[1].decode()
    return process.returncode, error


def test_the_plugin_is_called_as_the_aws_cli_calls_it(aws: Emulator, desk: Desk, instance: str):
    """What opens the session is in its environment and in no argument; the session is ended after it."""
    desk.plugin()
    process = desk.open(instance)
    assert ended(process) == (7, "")
    variable, region, operation, profile, asked, endpoint = desk.given()["argv"]
    answer = json.loads(desk.given()["answer"])
    assert (variable, region, operation) == ("AWS_SSM_START_SESSION_RESPONSE", REGION, "StartSession")
    assert (profile, endpoint) == ("", aws.url)
    assert json.loads(asked) == {
        "Target": instance,
        "DocumentName": "slipway-prod-shell",
        "Reason": "python -m release exec -it",
        "Parameters": {"request": ["e30="]},
    }
    assert set(answer) == {"SessionId", "TokenValue", "StreamUrl"}
    assert answer["TokenValue"] not in "".join(desk.given()["argv"])
    [was] = [each for each in desk.sessions("History") if each["SessionId"] == answer["SessionId"]]
    assert (was["Status"], was["Target"]) == ("Terminated", instance)
    assert was["SessionId"].startswith("ada-")
    assert was["Owner"].endswith(":ada")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_session_ends_with_the_program(desk: Desk, instance: str, number: int):
    """So does the plugin; the terminal is as it was before."""
    desk.plugin(seconds=600)
    process = desk.open(instance)
    plugin = desk.given()["id"]
    os.kill(process.pid, number)
    assert ended(process) == (128 + number, "")
    assert desk.sessions("Active") == []
    assert not Path(f"/proc/{plugin}").exists()


def test_keys_are_the_plugins(desk: Desk, instance: str):
    """Ctrl-C goes to what runs on the instance, and ends nothing here."""
    desk.plugin(seconds=1)
    process = desk.open(instance)
    desk.given()
    os.kill(process.pid, signal.SIGINT)
    assert ended(process) == (7, "")


@pytest.mark.parametrize(("version", "said"), [(None, "is not on PATH: https"), ("1.2.497.0", r"is too old .*https")])
def test_without_a_plugin_of_today_nothing_is_opened(desk: Desk, instance: str, version: str | None, said: str):
    """The error says where it is to be had."""
    if version:
        desk.plugin(version=version)
    before = len(desk.sessions("History"))
    status, error = ended(desk.open(instance))
    assert status == 1
    assert re.search(said, error)
    assert "session-manager-working-with-install-plugin" in error
    assert (len(desk.sessions("History")), desk.sessions("Active")) == (before, [])


def test_an_instance_that_is_not_connected(desk: Desk, aws: Emulator, instance: str):
    """One line says what it takes."""
    desk.plugin()
    allow_agent(aws, AGENT[:1])
    try:
        assert ended(desk.open(instance))[1].startswith(f"error: instance {instance}: its SSM Agent is not registered")
    finally:
        allow_agent(aws, AGENT)


def test_the_role_opens_terminals_of_its_stack_by_its_document_alone(aws: Emulator, instance: str):
    """Not by AWS's, which makes one root, nor another stack's; and it ends its own sessions only."""
    ours, theirs = aws.as_role("console", "ssm"), aws.client("ssm")
    asked = {"DocumentName": names.shell_document("prod"), "Parameters": {"request": ["e30="]}}
    other = run(aws, "test")
    for refused in ({"Target": instance}, {**asked, "Target": other}):
        with pytest.raises(ClientError, match="not authorized to perform: ssm:StartSession"):
            ours.start_session(**refused)
    own = ours.start_session(**asked, Target=instance)["SessionId"]
    foreign = theirs.start_session(**asked, Target=instance)["SessionId"]
    with pytest.raises(ClientError, match="not authorized to perform: ssm:TerminateSession"):
        ours.terminate_session(SessionId=foreign)
    assert ours.resume_session(SessionId=own)["TokenValue"]
    assert ours.terminate_session(SessionId=own)["SessionId"] == own
    assert "TokenValue" not in ours.resume_session(SessionId=own)
    theirs.terminate_session(SessionId=foreign)
    aws.client("ec2").terminate_instances(InstanceIds=[other])


def test_parameters_have_to_fit_the_document(aws: Emulator, instance: str):
    """Whoever may open a terminal can't get out of the quotes."""
    ours = aws.as_role("console", "ssm")
    for bad in ("'; id; '", shlex.quote("a b"), "$(id)"):
        with pytest.raises(ClientError, match="does not match its pattern"):
            ours.start_session(
                Target=instance, DocumentName=names.shell_document("prod"), Parameters={"request": [bad]}
            )
