"""Tests of release/watch/feed.py: when it looks again, and what stays if AWS does not answer."""

from __future__ import annotations

from collections.abc import Callable

from release.errors import StoreError
from release.watch.feed import LONGEST, Feed
from release.watch.seen import Seen
from tests.release.watch.views import fleet, seen


def feed(look: Callable[[], Seen]) -> Feed:
    return Feed(look=look, interval=5, clock=lambda: 10.0)


def test_what_was_seen_stays_while_aws_does_not_answer():
    """With why, and ever longer pauses; the first answer ends both."""
    answers: list[Seen | None] = [seen(), *[None] * 5, seen()]

    def look() -> Seen:
        answer = answers.pop(0)
        if answer is None:
            raise StoreError("eu-west-1: no\nroute")
        return answer

    made = feed(look)
    found = made.once()
    assert made.pause() == 5
    pauses: list[float] = []
    for _ in range(5):
        assert made.once() is None
        pauses.append(made.pause())
    assert made.seen is found
    assert made.trouble == "AWS could not be asked: eu-west-1: no route"
    assert pauses == [10, 20, 40, LONGEST, LONGEST]
    assert made.once()
    assert (made.trouble, made.pause()) == ("", 5)


def test_many_fleets_are_looked_at_less_often():
    """Each costs two requests a look, and Auto Scaling's limit is shared with whoever deploys."""
    made = feed(lambda: seen(*(fleet(name=f"f{n}") for n in range(40))))
    made.once()
    assert made.pause() == 81 / 4
