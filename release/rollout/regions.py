"""What the stacks of one store are and serve, in both of its regions; and whether two of them are live at once.

A region may be dark: it is asked briefly, and that it does not answer is part of the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter

from release import names
from release.clients import FAILURES, SHORTLY, client, described
from release.errors import ReleaseError
from release.rollout.live import Live, live_in_both
from release.rollout.observe import Fleets, served
from release.rollout.observed import DeployedFleet
from release.rollout.serving import Serving
from release.store.ledger import Ledger
from release.store.replica import Peer, silent

__all__ = ["Region", "Stack", "look", "pairs"]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack in one region: its posture, whom it follows, and what each fleet serves, or why that is not known."""

    name: str
    posture: str
    follows: str | None
    fleets: Mapping[str, Serving | str]

    @property
    def is_live(self) -> bool:
        """Return whether it is all there, and has or wants instances."""
        wanted = (serving.wanted for serving in self.fleets.values() if isinstance(serving, Serving))
        return self.posture == "active" and not names.is_drill(self.name) and any(wanted)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A region of the store: the stacks there, or why they are not known."""

    name: str
    bucket: str
    stacks: Sequence[Stack] = ()
    silent: bool = False
    """Whether it does not answer."""
    why: str = ""


def look(places: Sequence[Peer]) -> list[Region]:
    """Return what is in each of these regions, side by side. Raises nothing for what one does not tell."""
    buckets = [place.bucket for place in places]
    with ThreadPoolExecutor(max_workers=len(places)) as threads:
        return list(threads.map(partial(_look, buckets), places))


def pairs(regions: Iterable[Region]) -> list[tuple[Live, Live]]:
    """Return the stacks that are live in two regions at once, though one of them follows the other."""
    return live_in_both(
        Live(stack=stack.name, region=region.name, follows=stack.follows)
        for region in regions
        for stack in region.stacks
        if stack.is_live
    )


def _look(buckets: Sequence[str], place: Peer) -> Region:
    fleets = Fleets(place.region, SHORTLY)
    try:
        found = fleets.of_stores(buckets)
    except FAILURES as error:
        return _unknown(place, error)
    ledger = Ledger(place.bucket, client("s3", place.region, SHORTLY))
    with ThreadPoolExecutor() as threads:
        known = list(threads.map(partial(_serving, fleets), found))
    serving = {(fleet.stack, fleet.name): each for fleet, each in zip(found, known, strict=True)}
    try:
        stacks = [_stack(name, list(members), ledger, serving) for name, members in groupby(found, attrgetter("stack"))]
    except ReleaseError as error:
        return _unknown(place, error)
    return Region(name=place.region, bucket=place.bucket, stacks=stacks)


def _stack(
    name: str, members: Sequence[DeployedFleet], ledger: Ledger, serving: Mapping[tuple[str, str], Serving | str]
) -> Stack:
    newest = ledger.history(name, limit=1)
    return Stack(
        name=name,
        posture=_posture(members),
        follows=newest[0].follows if newest else None,
        fleets={fleet.name: serving[name, fleet.name] for fleet in members},
    )


def _posture(members: Sequence[DeployedFleet]) -> str:
    """Return what the groups tell; those of a stack that was interrupted on its way may differ."""
    return "/".join(sorted({fleet.posture or "active" for fleet in members}))


def _serving(fleets: Fleets, fleet: DeployedFleet) -> Serving | str:
    try:
        return served(fleets, fleet.group, fleet.log_group)
    except FAILURES as error:
        return f"could not be asked: {described(error)}"


def _unknown(place: Peer, error: Exception) -> Region:
    quiet = silent(error)
    why = "does not answer" if quiet else f"could not be asked: {described(error)}"
    return Region(name=place.region, bucket=place.bucket, silent=quiet, why=why)
