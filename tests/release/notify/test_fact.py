"""What people are told of a fact, in words."""

from datetime import datetime, timezone

import pytest

from release.notify import fact as facts
from release.notify.fact import Fact, details, duration, headline, is_template, link, template_of

SHA, BEFORE = "0123456789abcdef0123456789abcdef01234567", "f" * 40


def test_a_headline_says_stack_action_and_release():
    """Each kind of fact is one short line."""
    said = [headline(Fact(what=what, action="deploy", stack="shop", by="ann", sha=SHA)) for what in facts.KINDS]
    assert said == [
        "shop: deploy of 0123456789ab started",
        "shop: serves 0123456789ab",
        "shop: deploy of 0123456789ab failed",
        "shop: rolled back to 0123456789ab",
        "shop: frozen",
        "shop: thawed",
    ]
    rollback = Fact(what=facts.FAILED, action="rollback", stack="shop", by="ann", sha=SHA)
    assert headline(rollback) == "shop: rollback to 0123456789ab failed"


def test_details_leave_out_what_is_not_known():
    """A message has who, from, to, fleets, duration, failed requests and reason, as far as they are known."""
    whole = Fact(
        what=facts.FAILED,
        stack="shop",
        by="ann",
        region="eu-west-1",
        sha=SHA,
        before=BEFORE,
        fleets=("api", "web"),
        seconds=365.2,
        requests_failed=1200,
        reason="it did not\nanswer",
        until=datetime(2026, 12, 1, 8, 30, tzinfo=timezone.utc),
    )
    assert details(whole) == [
        ("By", "ann"),
        ("From", "ffffffffffff"),
        ("To", "0123456789ab"),
        ("Fleets", "api, web"),
        ("Took", "6 min 5 s"),
        ("Requests failed", "1,200"),
        ("Until", "2026-12-01 08:30 UTC"),
        ("Region", "eu-west-1"),
        ("Reason", "it did not answer"),
    ]
    assert details(Fact(what=facts.THAWED, stack="shop", by="ann")) == [("By", "ann")]


@pytest.mark.parametrize(("seconds", "said"), [(None, ""), (0.2, "0 s"), (59.6, "1 min 0 s"), (3725, "1 h 2 min")])
def test_a_duration_is_told_as_people_say_it(seconds: float | None, said: str):
    """Seconds below a minute, minutes below an hour."""
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("repository", "template"),
    [
        ("https://github.com/acme/shop.git", "https://github.com/acme/shop/commit/{sha}"),
        ("https://gitlab.com/acme/web/shop/", "https://gitlab.com/acme/web/shop/-/commit/{sha}"),
        ("https://bitbucket.org/acme/shop", "https://bitbucket.org/acme/shop/commits/{sha}"),
        ("https://token@github.com/acme/shop", None),
        ("git@github.com:acme/shop.git", None),
        ("https://git.acme.test/shop.git", None),
        (None, None),
    ],
)
def test_a_known_host_has_a_page_for_each_commit(repository: str | None, template: str | None):
    """The link follows from the repository's address where its host is known and the address has no secret in it."""
    assert template_of(repository) == template


def test_a_link_has_the_sha_and_nothing_else():
    """Only `{sha}` stands for something, and a template is an https address."""
    assert link("https://git.acme.test/c/{sha}", SHA) == f"https://git.acme.test/c/{SHA}"
    assert link(None, SHA) is None
    assert link("https://git.acme.test/c/{sha}", None) is None
    assert is_template("https://git.acme.test/c/{sha}?x=1")
    for wrong in (
        "http://git.acme.test/{sha}",
        "https://git.acme.test/",
        "https://a.test/{sha}{x}",
        "https://a.test/{",
    ):
        assert not is_template(wrong), wrong
