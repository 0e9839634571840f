"""What a look may find: a fleet of three in three zones, in the middle of a rollout or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from release.rollout.observed import Refresh
from release.watch.seen import Fleet, Member, Requests, Rolling, Seen
from tests.release.preview.test_facts import DEPLOY

OLD, NEW = "a" * 40, "b" * 40
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def member(number: int, **more: Any) -> Member:
    """An instance that serves, in a zone of its own."""
    known = Member(
        id=f"i-{number}",
        zone=f"eu-west-1{'abc'[number % 3]}",
        sha=OLD,
        state="InService",
        health="Healthy",
        target="healthy",
    )
    return replace(known, **more)


def fleet(*members: Member, **more: Any) -> Fleet:
    """A fleet of these instances, or of three."""
    there = members or tuple(member(number) for number in range(3))
    known = Fleet(
        name="web",
        sha=OLD,
        desired=3,
        least=3,
        largest=6,
        posture="",
        balanced=True,
        members=there,
        requests=Requests(total=1200, failed=0, minutes=5),
    )
    return replace(known, **more)


def rolling(percentage: int = 33, status: str = "InProgress", left: str = "about 2 min left") -> Rolling:
    """A rollout to NEW, which pauses at 50 %."""
    refresh = Refresh(id="r-1", status=status, percentage=percentage, checkpoints=(50, 100))
    return Rolling(refresh=refresh, sha=NEW, left=left)


def seen(*fleets: Fleet, **more: Any) -> Seen:
    """A look at a stack with these fleets, or with one that is calm."""
    known = Seen(stack="prod", region="eu-west-1", at=AT, fleets=fleets or (fleet(),), events=(DEPLOY,))
    return replace(known, **more)
