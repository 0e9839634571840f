"""Warns, before a deploy, of another stack that is live though it is to replace this one, or the other way round.

Best effort: another region may be dark, and that stops no deploy.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.settings import Settings
from infra.settings.stack import ReplicaSettings
from infra.store.artifacts import replica_of
from release import names
from release.clients import FAILURES, SHORTLY, client
from release.errors import ReleaseError
from release.postures import ACTIVE
from release.rollout import live
from release.rollout.live import Live
from release.rollout.observe import Fleets
from release.store.ledger import Ledger

_RECENT = 40
"""Events of each stack among which it is looked for who took over."""


def warnings(settings: Settings, bucket: str, account: str) -> list[str]:
    """Return the warnings; none where AWS or the other region doesn't tell."""
    try:
        ledger = Ledger(bucket, client("s3", settings.region, SHORTLY))
        return [*_followers(settings, ledger, account), *_followed(settings, ledger)]
    except (ReleaseError, *FAILURES):
        return []


def _followers(settings: Settings, ledger: Ledger, account: str) -> Iterator[str]:
    """Yield a warning for each stack that follows this one and is live beside the replica of its store.

    Who follows is in the ledger here; of the other region only Auto Scaling is asked.
    """
    replica = settings.artifacts.replica
    followers = ledger.followers(settings.stack) if replica else []
    if replica is None or not followers:
        return
    this = Live(stack=settings.stack, region=settings.region)
    for name in _live_in(replica, replica_of(replica, stack=settings.stack, account=account)):
        if name in followers and not names.is_drill(name):
            yield live.told((this, Live(stack=name, region=replica.region, follows=settings.stack)))


def _live_in(replica: ReplicaSettings, bucket: str) -> list[str]:
    fleets = Fleets(replica.region, SHORTLY).of_stores([bucket])
    return sorted({fleet.stack for fleet in fleets if (fleet.posture or ACTIVE) == ACTIVE and fleet.group.desired})


def _followed(settings: Settings, ledger: Ledger) -> Iterator[str]:
    """Yield a warning if the followed stack serves again since this one took over, by the ledger of this region."""
    follow = settings.release.follow
    if follow is None or settings.recovery.posture != ACTIVE:
        return
    event = live.overtaken(ledger.history(settings.stack, limit=_RECENT), ledger.history(follow, limit=_RECENT))
    if event:
        yield (
            f"{follow}, which this stack follows, serves {event.sha} since {event.when:%Y-%m-%d %H:%M} UTC, after this "
            "stack took over: both may be live. If its region is back, take this one down again with "
            f"`SLIPWAY_POSTURE=warm pulumi up --refresh --stack {settings.stack}` (or pilot-light)"
        )
