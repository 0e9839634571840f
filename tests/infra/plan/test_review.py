"""When a review stack expires, and when there are too many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from moto import mock_aws

from infra.plan import review
from infra.settings import Settings, parse
from release import names
from release.clients import client

NOW = datetime(2026, 1, 28, 2, 30, tzinfo=timezone.utc)
FIXED, OVER, LATER = "2026-01-30T00:00:00Z", "2026-01-28T02:00:00Z", "2999-01-01T00:00:00Z"


def settings(stack: str = "pr-42", environment: Mapping[str, str] | None = None, **limits: Any) -> Settings:
    small = {"size": {"min": 1, "max": 1}}
    given = {
        "aws:region": "eu-west-1",
        "loadBalancer": {"http": True, "deletionProtection": False},
        "artifacts": {"destroy": True},
        "fleets": {"web": small},
        "review": {"expires": 72, **limits},
    }
    return parse(given, stack, environment or {})


def test_the_first_deploy_fixes_the_full_hour():
    """So a preview and the `up` that follows say the same, unless an hour begins between them."""
    assert review.decide(settings(), {}, lambda: NOW).expires == "2026-01-31T03:00:00Z"
    later = NOW + timedelta(minutes=20)
    assert review.decide(settings(), {}, lambda: later).expires == "2026-01-31T03:00:00Z"


def test_later_deploys_keep_it():
    """Also if the settings say another time by now, and whatever the clock says."""
    assert review.decide(settings(expires=1), {"pr-42": FIXED}, lambda: NOW) == review.Review(expires=FIXED)


def test_on_purpose_it_begins_anew():
    """Also when it is over already, and when the region is full: the stack is there."""
    extended = settings(environment={"SLIPWAY_EXTEND": "1"}, stacks=1)
    for there in ({"pr-42": OVER}, {"pr-42": FIXED, "pr-4": FIXED}):
        assert review.decide(extended, there, lambda: NOW) == review.Review(expires="2026-01-31T03:00:00Z")


def test_a_deploy_of_what_is_over_is_warned_of():
    """It goes through, and is swept."""
    found = review.decide(settings(), {"pr-42": OVER}, lambda: NOW)
    assert (found.expires, found.problems) == (OVER, ())
    assert "`SLIPWAY_EXTEND=1 pulumi up --stack pr-42`" in found.warnings[0]


def test_one_too_many_is_refused():
    """It names those there are, and which of them can go; the stack itself does not count."""
    there = {"pr-4": OVER, "pr-7": FIXED}
    [problem] = review.decide(settings(stacks=2), there, lambda: NOW).problems
    assert problem.startswith("review.stacks: eu-west-1 has 2 review stacks, pr-4, pr-7 (pr-4 can go: `python -m")
    assert not review.decide(settings(stacks=3), there, lambda: NOW).problems
    assert not review.decide(settings(stacks=2), {**there, "pr-42": FIXED}, lambda: NOW).problems


def test_a_value_of_somebody_elses_is_kept():
    """Whoever wrote `never` by hand may have meant it."""
    assert review.decide(settings(), {"pr-42": "never"}, lambda: NOW) == review.Review(expires="never")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.mark.sandbox
@pytest.mark.usefixtures("aws")
def test_vpcs_tell_which_review_stacks_there_are():
    """Those of other stacks, and of nobody, do not count; a stack whose name begins alike is another one."""
    ec2 = client("ec2", "eu-west-1")
    for tags in (
        {names.STACK_TAG: "pr-4", names.EXPIRY_TAG: LATER},
        {names.STACK_TAG: "prod"},
        {names.EXPIRY_TAG: LATER},
        {},
    ):
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        if tags:
            ec2.create_tags(Resources=[vpc], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    assert review.look(settings(stacks=1)).problems
    assert review.look(settings("pr-4", stacks=1)) == review.Review(expires=LATER)
