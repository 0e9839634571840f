"""Review stacks: made with their role alone, limited, swept, and nothing of others touched.

These tests are one story and run in this order. What a sweep takes for the time is set; all else is real.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from infra.permissions import roles
from release import clock, names
from release.__main__ import main as run_command
from sandbox.control.environment import unwanted
from tests.engine.conftest import REGION, Ran, Sandbox, git
from tests.sandbox.fake_internal_api import process

pytestmark = pytest.mark.engine

ACCOUNT = "123456789012"
SCOPE = roles.Scope(stack="any", region=REGION, account=ACCOUNT)
REAL = clock.now
LATER = datetime(2999, 1, 1, tzinfo=timezone.utc)


@dataclass
class Reviews:
    """A sandbox in which review stacks come and go."""

    sandbox: Sandbox
    provider: int
    """The port of a provider that has the role's keys only."""
    keys: dict[str, str]

    def run(self, command: str) -> Ran:
        """A command in the shell, as the role `review`."""
        more = {**self.keys, "PULUMI_DEBUG_PROVIDERS": f"aws:{self.provider}", "AWS_REGION": REGION}
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in more.items())
        return self.sandbox.shell(f"export {given} && {command}")

    def up(self, stack: str, **more: str) -> Ran:
        """As docs/pull-requests.md says for AWS."""
        sha = git(self.sandbox.checkout, "rev-parse", "HEAD")
        release = {"SLIPWAY_SHA": sha, "SLIPWAY_REPOSITORY": ".", "SLIPWAY_DIRECTORY": "examples/shop", **more}
        given = " ".join(f"{name}={value}" for name, value in release.items())
        return self.run(
            f"cp Pulumi.review.yaml Pulumi.{stack}.yaml && pulumi stack select --create {stack} && "
            f"{given} pulumi up --yes --skip-preview --non-interactive --stack {stack}"
        )

    def of(self, stack: str) -> set[str]:
        """The ARNs of what AWS has of a stack, but for what it lists for an hour after, and the names of its roles."""
        filters = [{"Key": names.STACK_TAG, "Values": [stack]}]
        pages = self.sandbox.client("resourcegroupstaggingapi").get_paginator("get_resources")
        shown = [
            each["ResourceARN"]
            for page in pages.paginate(TagFilters=filters)
            for each in page["ResourceTagMappingList"]
        ]
        found = {arn for arn in shown if not re.search(":(instance|natgateway|volume)/", arn)}
        made = self.sandbox.client("iam").list_roles()["Roles"]
        return found | {role["RoleName"] for role in made if role["RoleName"].startswith(f"slipway-{stack}-")}

    def stacks(self) -> set[str]:
        """The stacks that the backend has."""
        return {each["name"] for each in json.loads(self.sandbox.shell("pulumi stack ls --json").said)}


@pytest.fixture(scope="module")
def reviews(sandbox: Sandbox) -> Iterator[Reviews]:
    """A sandbox with the role."""
    started = sandbox.run("python", "-m", "sandbox", "start")
    assert started.code == 0, started.said
    (sandbox.checkout / ".sandbox" / "pulumi").mkdir(exist_ok=True)
    iam = sandbox.client("iam")
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="review", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    for number, part in enumerate(roles.parts("review", SCOPE)):
        policy = iam.create_policy(PolicyName=f"review-{number}", PolicyDocument=json.dumps(part))["Policy"]
        iam.attach_role_policy(RoleName="review", PolicyArn=policy["Arn"])
    sts = sandbox.client("sts")
    got = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/review", RoleSessionName="test")["Credentials"]
    keys = {
        "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
        "AWS_SESSION_TOKEN": got["SessionToken"],
    }
    log = sandbox.checkout / "provider-review.log"
    arguments = ("-m", "sandbox.provider", "--endpoint", sts.meta.endpoint_url, "--port", "0")
    with process(*arguments, log=log, env=keys) as (port, _):
        yield Reviews(sandbox, port, keys)


Sweep = Callable[..., tuple[int, dict[str, dict[str, Any]]]]


@pytest.fixture
def sweep(reviews: Reviews, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sweep:
    """`python -m release sweep --json`, when all time is over; returns its exit status, and what it says by stack."""
    variables = environment(reviews.sandbox)
    for name in unwanted(os.environ):
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(reviews.sandbox.checkout)
    monkeypatch.setattr(clock, "now", later)
    handler = signal.getsignal(signal.SIGTERM)

    def sweep(*arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
        capsys.readouterr()
        try:
            code = run_command(["sweep", "--json", *arguments])
        finally:
            signal.signal(signal.SIGTERM, handler)
        return code, {each["stack"]: each for each in json.loads(capsys.readouterr().out)["stacks"]}

    return sweep


def later(_region: str | None) -> datetime:
    """A time at which all review stacks can go."""
    return LATER


def soon(region: str | None) -> datetime:
    """A time at which stacks that have three days can go."""
    return REAL(region) + timedelta(hours=74)


def environment(sandbox: Sandbox) -> dict[str, str]:
    """The variables of `make shell`."""
    told = sandbox.shell("env -0").said
    pairs = [pair.partition("=") for pair in told.split("\0") if pair.startswith(("AWS_", "PULUMI_", "PATH="))]
    return {name: value for name, _, value in pairs} | {"AWS_REGION": REGION}


def test_two_pull_requests_side_by_side(reviews: Reviews):
    """Numbers of which one begins as the other; the role needs no more than it has."""
    with ThreadPoolExecutor() as threads:
        ended = dict(zip(("pr-4", "pr-42"), threads.map(reviews.up, ("pr-4", "pr-42")), strict=True))
    for stack, ran in ended.items():
        assert ran.code == 0, ran.said
        assert len(reviews.of(stack)) > 20


def test_nothing_goes_before_its_time(sweep: Sweep, monkeypatch: pytest.MonkeyPatch):
    """The time is AWS's, as each of its answers has it."""
    monkeypatch.setattr(clock, "now", REAL)
    code, said = sweep()
    assert (code, {stack: each["outcome"] for stack, each in said.items()}) == (0, {"pr-4": "kept", "pr-42": "kept"})


def test_a_dry_run_removes_nothing(reviews: Reviews, sweep: Sweep):
    """It says what would go."""
    before = reviews.of("pr-4") | reviews.of("pr-42")
    code, said = sweep("--dry-run")
    assert (code, {stack: each["outcome"] for stack, each in said.items()}) == (
        0,
        {"pr-4": "to remove", "pr-42": "to remove"},
    )
    assert reviews.of("pr-4") | reviews.of("pr-42") == before


def test_a_closed_pull_requests_stack_goes_alone(reviews: Reviews):
    """With all that it had, by the role alone; the other one, whose number begins likewise, has all that it had."""
    before = reviews.of("pr-42")
    ran = reviews.run("python -m release sweep --stack pr-4")
    assert ran.code == 0, ran.said
    assert reviews.of("pr-4") == set()
    assert reviews.of("pr-42") == before
    assert reviews.stacks() == {"pr-42"}
    again = reviews.run("python -m release sweep --stack pr-4")
    assert again.code == 0, again.said


def test_a_stack_that_somebody_changes_is_left_to_them(reviews: Reviews, sweep: Sweep):
    """The engine's lock says so; once it is gone, the stack goes, and the role was refused nothing."""
    [locks] = (reviews.sandbox.checkout / ".sandbox" / "pulumi").rglob("locks/**/pr-42")
    lock = locks / "1.json"
    lock.write_text(
        json.dumps({"pid": 1, "username": "ann", "hostname": "build-1", "timestamp": "2026-01-01T00:00:00Z"})
    )
    code, said = sweep()
    assert (code, said["pr-42"]["outcome"]) == (1, "busy")
    assert "ann@build-1" in said["pr-42"]["why"]
    assert reviews.of("pr-42")
    lock.unlink()
    code, said = sweep()
    assert (code, said["pr-42"]["outcome"]) == (0, "removed")
    assert (reviews.of("pr-42"), reviews.stacks()) == (set(), set())
    told = reviews.sandbox.shell(
        'curl --silent --fail --header "Authorization: Bearer $AWS_SECRET_ACCESS_KEY" '
        "$AWS_ENDPOINT_URL/_sandbox/permissions"
    )
    assert json.loads(told.said)["review"]["refused"] == []


@pytest.mark.reliability
def test_one_too_many_changes_nothing(reviews: Reviews):
    """It is refused before anything is made; what that leaves of the stack goes like any other."""
    for stack in ("pr-4", "pr-42"):
        assert reviews.up(stack).code == 0
    file = reviews.sandbox.checkout / "Pulumi.review.yaml"
    before = file.read_text()
    file.write_text(before.replace("    expires: 72\n", "    expires: 72\n    stacks: 2\n"))
    try:
        refused = reviews.up("pr-7")
        again = reviews.up("pr-42", SLIPWAY_EXTEND="1")  # it is one of the two
    finally:
        file.write_text(before)
    assert refused.code != 0
    assert "review.stacks: eu-west-1 has 2 review stacks, pr-4, pr-42" in refused.said
    assert reviews.of("pr-7") == set()
    assert again.code == 0, again.said
    gone = reviews.run("python -m release sweep --stack pr-7")
    assert gone.code == 0, gone.said
    assert reviews.stacks() == {"pr-4", "pr-42"}


@pytest.mark.reliability
def test_what_no_state_has_is_listed_and_left(reviews: Reviews, sweep: Sweep):
    """Whose it is, only a person can tell. With its state back, it goes."""
    gone = reviews.run("python -m release sweep --stack pr-4")
    assert gone.code == 0, gone.said
    before = reviews.of("pr-42")
    kept = reviews.sandbox.shell(
        "pulumi stack export --stack pr-42 --file kept.json && pulumi stack rm --force --yes pr-42"
    )
    assert kept.code == 0, kept.said
    code, said = sweep()
    assert (code, said["pr-42"]["outcome"]) == (1, "listed")
    assert any(":vpc/" in arn for arn in said["pr-42"]["arns"])
    assert reviews.of("pr-42") == before
    back = reviews.sandbox.shell("pulumi stack init pr-42 && pulumi stack import --stack pr-42 --file kept.json")
    assert back.code == 0, back.said
    code, said = sweep()
    assert (code, said["pr-42"]["outcome"]) == (0, "removed")
    assert reviews.of("pr-42") == set()


@pytest.mark.reliability
@pytest.mark.timeout(2400)
def test_twenty_five_stacks_are_swept(reviews: Reviews, sweep: Sweep, monkeypatch: pytest.MonkeyPatch):
    """All of them are gone, and of others nothing: neither of a stack that is none, nor of one with more time."""
    served = reviews.sandbox.up()
    assert served.code == 0, served.said
    file = reviews.sandbox.checkout / "Pulumi.review.yaml"
    before = file.read_text()
    stays, goes = "pr-1001", [f"pr-{number}" for number in range(100, 125)]
    file.write_text(before.replace("    expires: 72\n", "    expires: 720\n    stacks: 100\n"))
    longer = reviews.up(stays)
    file.write_text(before.replace("    expires: 72\n", "    expires: 72\n    stacks: 100\n"))
    with ThreadPoolExecutor(max_workers=3) as threads:
        for ran in (longer, *threads.map(reviews.up, goes)):
            assert ran.code == 0, ran.said
    others = {stack: reviews.of(stack) for stack in (stays, "sandbox")}
    monkeypatch.setattr(clock, "now", soon)
    code, said = sweep()
    outcomes = {stack: each["outcome"] for stack, each in said.items()}
    assert (code, outcomes) == (0, {**dict.fromkeys(goes, "removed"), stays: "kept"})
    assert {stack: found for stack in goes if (found := reviews.of(stack))} == {}
    assert reviews.stacks() == {stays, "sandbox"}
    assert {stack: reviews.of(stack) for stack in others} == others
    with urllib.request.urlopen(served.last.rpartition(" ")[2], timeout=10) as answer:
        assert answer.status == 200
