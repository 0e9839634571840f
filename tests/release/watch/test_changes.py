"""Tests of release/watch/changes.py: the lines of a log."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from release.watch import changes
from release.watch.seen import Requests
from tests.release.preview.test_facts import DEPLOY
from tests.release.watch.views import NEW, fleet, member, rolling, seen


def test_the_first_look_is_told_in_full():
    """A line a fleet, and one for each instance that does not serve."""
    found = seen(fleet(member(0), member(1), member(2, target="unhealthy: Health checks failed")), marks=("frozen",))
    assert list(changes.first(found)) == [
        "prod: frozen",
        "web: aaaaaaaaaaaa, 2 of 3 serving (1a 1/1, 1b 1/1, 1c 0/1); requests 1,200 in 5 min, 0 failed; rollout -",
        "web: i-2 InService unhealthy: Health checks failed aaaaaaaaaaaa in eu-west-1c",
    ]


def test_nothing_new_is_no_line():
    """Nor are more requests that succeed, nor that time passes."""
    later = seen(fleet(requests=Requests(total=9000, failed=0, minutes=5)))
    assert list(changes.between(seen(), replace(later, at=later.at + timedelta(seconds=5)))) == []


def test_a_rollout_from_its_beginning_to_its_end():
    """What begins, which instances come and go, that it has ended, and that all serve again."""
    new = [member(number, sha=NEW) for number in (3, 4, 5)]
    middle = seen(fleet(*fleet().members, replace(new[0], state="Pending:Wait", target="initial"), rolling=rolling(0)))
    assert list(changes.between(seen(), middle)) == [
        "web: rollout r-1 InProgress 0%, to bbbbbbbbbbbb, pauses at 50%, about 2 min left",
        "web: i-3 Pending:Wait initial bbbbbbbbbbbb in eu-west-1a",
    ]
    event = replace(DEPLOY, at=DEPLOY.at + timedelta(hours=1), sha=NEW, seconds=84.0)
    end = seen(fleet(*new, sha=NEW), events=(event, DEPLOY))
    said = list(changes.between(middle, end))
    assert said[:2] == ["web: rollout r-1 has ended", "web: launches bbbbbbbbbbbb; before aaaaaaaaaaaa"]
    assert said[-2:] == ["web: all 3 serve", "web: deploy of bbbbbbbbbbbb succeeded, after 84 s, by kim"]
    assert "web: i-0 is gone" in said


def test_failed_requests_are_told_once():
    """And again only when there is another number of them."""
    bad = seen(fleet(requests=Requests(total=100, failed=7, minutes=5)))
    assert list(changes.between(seen(), bad)) == ["web: 7 of 100 requests failed in 5 min"]
    assert list(changes.between(bad, bad)) == []


def test_the_first_event_of_a_ledger_is_told():
    """Unless it could not be read before: then all that is in it is no news."""
    empty = seen(events=())
    assert list(changes.between(empty, seen())) == ["web: deploy of aaaaaaaaaaaa succeeded, by kim"]
    unread = replace(empty, unknown=("the ledger: access denied",))
    assert list(changes.between(unread, seen())) == ["could ask again for the ledger"]


def test_fleets_freezes_and_what_could_not_be_asked_come_and_go():
    """Each once, in both directions."""
    before = seen(marks=("frozen by kim: sale",))
    now = seen(fleet(), fleet(name="api"), unknown=("requests: denied",))
    assert list(changes.between(before, now))[:3] == [
        "prod: no longer frozen by kim: sale",
        "api: made",
        "api: i-0 InService healthy aaaaaaaaaaaa in eu-west-1a",
    ]
    assert "could not ask for requests: denied" in list(changes.between(before, now))
    assert list(changes.between(now, before)) == [
        "prod: frozen by kim: sale",
        "api: gone",
        "could ask again for requests",
    ]
