"""One word of the start and one of the end, whatever the fleets of a deploy do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest

from release.errors import ReleaseError, StoreError
from release.notify import word as words
from release.notify.fact import Fact
from release.notify.send import Sending
from release.notify.targets import Target, Told, target
from release.notify.word import Word
from release.store.event import Event

NEW, OLD, OLDER = "a" * 40, "b" * 40, "c" * 40
TOLD = Told(targets=[target(0, "https://acme.test/x")], link="https://git.acme.test/{sha}")


@dataclass
class Said:
    """Takes what would be sent."""

    facts: list[Fact] = field(default_factory=list[Fact])
    first: threading.Event = field(default_factory=threading.Event)

    def send(self, targets: Sequence[Target], fact: Fact) -> Sending:
        assert targets == TOLD.targets
        self.facts.append(fact)
        self.first.set()
        return Sending([], 0)


def event(fleet: str, outcome: str, sha: str = NEW, **more: Any) -> Event:
    at = datetime(2026, 11, 30, tzinfo=timezone.utc)
    return Event(
        at=at, by="ann", stack="shop", fleet=fleet, action="deploy", sha=sha, digest="d", outcome=outcome, **more
    )


def word(
    said: Said,
    told: Told = TOLD,
    *,
    action: str = "deploy",
    before: str | None = None,
    history: Callable[[str, int], Sequence[Event]] | None = None,
) -> Word:
    past = [event("web", "started"), event("web", "succeeded", OLD), event("web", "succeeded", OLDER)]
    return Word(
        told=told,
        stack="shop",
        region="eu-west-1",
        sha=NEW,
        fleets=["api", "web"],
        send=said.send,
        action=action,
        before=before,
        history=history or (lambda _fleet, _limit: past),
    )


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "GATHER", 0.05)
    monkeypatch.setenv("SLIPWAY_BY", "ann")


def test_a_deploy_of_two_fleets_is_told_once_at_its_start_and_once_at_its_end():
    """The end has who, from which release to which, the fleets, the longest time and all failed requests."""
    said = Said()
    told = word(said)
    told.comes("web")
    told.comes("api")
    assert said.first.wait(5)
    told.heard(event("web", "started"))
    told.heard(event("web", "succeeded", seconds=50.0, requests_failed=2))
    told.heard(event("api", "succeeded", seconds=70.0, requests_failed=1))
    assert told.end() == []
    assert told.end() == []
    start, end = said.facts
    assert (start.what, start.sha, start.before, start.fleets) == ("started", NEW, OLD, ("api", "web"))
    assert (end.what, end.by, end.before, end.fleets) == ("succeeded", "ann", OLD, ("api", "web"))
    assert (end.seconds, end.requests_failed, end.link) == (70.0, 3, f"https://git.acme.test/{NEW}")


def test_a_failure_names_the_fleets_and_why():
    """The ledger's reason counts before the error, which is longer; what the other fleet came to does not hide it."""
    said = Said()
    told = word(said)
    told.comes("web")
    told.comes("api")
    told.heard(event("web", "failed", reason="i-1: it did not answer"))
    with pytest.raises(ReleaseError), told.failing("web"):
        raise ReleaseError("fleet web: long story\nNow all fleets: …")
    with pytest.raises(ReleaseError), told.failing("api"):
        raise ReleaseError("fleet api: was not touched\nNow all fleets: …")
    told.end()
    assert said.facts[-1].what == "failed"
    assert said.facts[-1].reason == "api: was not touched; web: i-1: it did not answer"


def test_an_end_that_comes_at_once_is_all_that_is_told():
    """If it is over before others could have come, the start is no news any more."""
    said = Said()
    told = word(said)
    told.comes("web")
    told.fails("web", "fleet web: no")
    told.end()
    assert [fact.what for fact in said.facts] == ["failed"]


def test_nothing_is_told_where_nothing_was_begun():
    """Neither an `up` that changes nothing, nor one that is refused, nor one that finds an unproved release again."""
    for ends in ([], [event("web", "unproved")]):
        said = Said()
        told = word(said)
        for end in ends:
            told.heard(end)
        assert told.end() == []
        assert said.facts == []
    refused = word(said)
    refused.fails("web", "fleet web: was rolled back by hand")
    assert refused.end() == []
    assert said.facts == []


def test_a_rollout_that_a_killed_up_began_is_told_at_its_end():
    """The `up` that follows it did not start it; its own success is not what served before."""
    said = Said()
    past = [event("web", "succeeded"), event("web", "started"), event("web", "succeeded", OLD)]

    def history(_fleet: str, _limit: int) -> list[Event]:
        return past

    told = word(said, history=history)
    told.heard(event("web", "succeeded", seconds=300.0))
    told.end()
    assert [(fact.what, fact.seconds) for fact in said.facts] == [("succeeded", 300.0)]


def test_a_rollback_is_told_as_one():
    """It says which release it leaves, also where every instance already ran the other one."""
    said = Said()
    told = word(said, action="rollback", before=OLD)
    told.comes("web")
    told.end()
    assert [(fact.what, fact.before, fact.sha) for fact in said.facts] == [("rolled-back", OLD, NEW)]


def test_a_ledger_that_can_not_be_read_costs_only_the_release_before():
    """A message without it is better than none."""
    said = Said()

    def history(_fleet: str, _limit: int) -> list[Event]:
        raise StoreError("dark")

    told = word(said, history=history)
    told.comes("web")
    assert said.first.wait(5)
    assert said.facts[0].before is None


def test_where_nobody_is_told_nothing_is_asked():
    """Without the setting no ledger is read and no thread is started."""
    said = Said()

    def history(_fleet: str, _limit: int) -> list[Event]:
        pytest.fail("was asked")

    told = word(said, Told(), history=history)
    told.comes("web")
    told.heard(event("web", "succeeded"))
    assert told.end() == []
    assert said.facts == []
