"""Looks at a stack. Each look is a bounded number of requests: one, and two for each fleet.

What changes by the minute (requests, events of the ledger, freezes) is asked every half a minute, or at once when a
rollout begins, ends or turns: one request for all fleets, some for the store, and for each fleet a few lists of keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TypeVar

from release.clients import FAILURES, SHORTLY, client, described
from release.errors import ReleaseError
from release.rollout import decide, estimate, past_rollouts
from release.rollout.observe import Fleets
from release.rollout.observed import ACTIVE, DeployedFleet, Refresh, Template
from release.rollout.past_rollouts import DEPLOY
from release.store.event import Event
from release.store.ledger import Ledger
from release.text import one_line
from release.watch import marks, requests
from release.watch.seen import Fleet, Member, Requests, Rolling, Seen

T = TypeVar("T")

SLOW, SOON = 30.0, 5.0
"""Seconds between two looks at what changes by the minute; the fewer in the minute after a rollout began or ended."""
_STIRRED = 60.0
_EVENTS = 8
_TIMED = 30
"""Events of a fleet among which its last rollouts are looked for."""
_THREADS = 8


@dataclass(kw_only=True)
class _Slow:
    """What is not asked at each look."""

    at: float = -SLOW
    stirred: float = -_STIRRED
    """When a rollout began, ended or turned."""
    refreshes: Mapping[str, str] = field(default_factory=dict[str, str])
    """By fleet, the id and status of its refresh when this was asked."""
    events: tuple[Event, ...] = ()
    requests: Mapping[str, Requests] = field(default_factory=dict[str, Requests])
    marks: tuple[str, ...] = ()
    took: Mapping[str, estimate.Took | None] = field(default_factory=dict[str, "estimate.Took | None"])
    """By the id of a refresh, how long the last ones of its kind took."""
    unknown: tuple[str, ...] = ()


class Looker:
    """Looks at one stack in one region. Clock and time are parameters, for tests."""

    def __init__(
        self,
        stack: str,
        region: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.stack = stack
        self._fleets = Fleets(region, SHORTLY)
        self._elbv2 = client("elbv2", region, SHORTLY)
        self._s3 = client("s3", region, SHORTLY)
        self._traffic = requests.Metrics(region)
        self._ledgers: dict[str, Ledger] = {}
        self._clock, self._now = clock, now
        self._slow = _Slow()
        self._refreshes: dict[str, Refresh | None] = {}
        self._health: dict[str, Mapping[str, str]] = {}
        """By target group, what the load balancer said last of each target."""
        self._unknown: list[str] = []

    @property
    def region(self) -> str:
        return self._fleets.region

    def look(self) -> Seen:
        """Return what there is now. Raises one of FAILURES if the fleets can't be asked for; `unknown` has the rest."""
        self._unknown = []
        there = self._fleets.of_stack(self.stack)
        with ThreadPoolExecutor(_THREADS) as threads:
            active = dict(zip((f.name for f in there), threads.map(self._active, there), strict=True))
            targets = dict(zip((f.name for f in there), threads.map(self._targets, there), strict=True))
        known = self._releases(there, active)
        self._ask_slowly(there, active)
        return Seen(
            stack=self.stack,
            region=self.region,
            at=datetime.fromtimestamp(self._now(), timezone.utc),
            fleets=tuple(self._fleet(each, active[each.name], targets[each.name], known) for each in there),
            events=self._slow.events,
            marks=self._slow.marks,
            unknown=tuple(dict.fromkeys([*self._unknown, *self._slow.unknown])),
        )

    def _ask(self, what: str, ask: Callable[[], T]) -> T | None:
        """Return the answer; None, and a note, if it can't be had: the rest is worth showing."""
        try:
            return ask()
        except (ReleaseError, *FAILURES) as error:
            self._unknown.append(f"{what}: {one_line(described(error), 300)}")
            return None

    def _active(self, fleet: DeployedFleet) -> Refresh | None:
        name = fleet.group.name
        found = self._ask(f"whether {fleet.name} is rolled out", lambda: self._fleets.refreshes(name))
        if found is not None:
            self._refreshes[name] = decide.in_status(found, ACTIVE)
        return self._refreshes.get(name)  # what was seen last, rather than that a rollout has ended

    def _targets(self, fleet: DeployedFleet) -> Mapping[str, str]:
        """Return by instance what the load balancer says of it; of several target groups the worst."""
        said: dict[str, str] = {}
        for arn in fleet.group.target_group_arns:
            found = self._ask(f"the targets of {fleet.name}", lambda arn=arn: self._target_health(arn))
            if found is not None:
                self._health[arn] = found
            for instance, state in self._health.get(arn, {}).items():
                if said.get(instance, "healthy") == "healthy":
                    said[instance] = state
        return said

    def _target_health(self, arn: str) -> Mapping[str, str]:
        shown = self._elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return {
            each["Target"]["Id"]: _health(each["TargetHealth"]["State"], each["TargetHealth"].get("Description", ""))
            for each in shown
        }

    def _releases(self, there: Sequence[DeployedFleet], active: Mapping[str, Refresh | None]) -> Mapping[Template, str]:
        """Return the SHA in each launch template version that is about; a version is asked for once."""
        about = {
            template
            for fleet in there
            for template in (fleet.group.template, *(member.template for member in fleet.group.instances))
        } | {refresh.template for refresh in active.values() if refresh}
        templates = [template for template in about if template]
        found = self._ask("which releases there are", lambda: self._fleets.templates.baked(templates))
        return {template: baked.sha for template, baked in (found or {}).items()}

    def _fleet(
        self,
        fleet: DeployedFleet,
        refresh: Refresh | None,
        targets: Mapping[str, str],
        known: Mapping[Template, str],
    ) -> Fleet:
        group = fleet.group
        return Fleet(
            name=fleet.name,
            sha=known.get(group.template) if group.template else None,
            desired=group.desired,
            least=group.least,
            largest=group.largest,
            posture=fleet.posture,
            balanced=bool(group.target_group_arns),
            members=tuple(
                Member(
                    id=each.id,
                    zone=each.zone,
                    sha=known.get(each.template) if each.template else None,
                    state=each.state,
                    health=each.health,
                    target=targets.get(each.id, "not registered" if group.target_group_arns else ""),
                )
                for each in sorted(group.instances, key=lambda each: (each.zone, each.id))
            ),
            rolling=self._rolling(refresh, known) if refresh else None,
            requests=self._slow.requests.get(fleet.name),
        )

    def _rolling(self, refresh: Refresh, known: Mapping[Template, str]) -> Rolling:
        took = self._slow.took.get(refresh.id)
        found = Rolling(refresh=refresh, sha=known.get(refresh.template) if refresh.template else None)
        if not (found.forward and refresh.started):
            return found
        return Rolling(refresh=refresh, sha=found.sha, left=estimate.left(took, self._now() - refresh.started))

    def _ask_slowly(self, there: Sequence[DeployedFleet], active: Mapping[str, Refresh | None]) -> None:
        """Ask what changes by the minute, if it is time or if a rollout has begun, ended or turned."""
        refreshes = {name: f"{refresh.id} {refresh.status}" for name, refresh in active.items() if refresh}
        before, at = self._slow, self._clock()
        stirred = at if refreshes != before.refreshes else before.stirred
        if at - before.at < (SOON if at - stirred < _STIRRED else SLOW) and stirred != at:
            return
        noted, self._unknown = self._unknown, []
        arns = {fleet.name: fleet.group.target_group_arns for fleet in there}
        since = datetime.fromtimestamp(self._now(), timezone.utc) - timedelta(minutes=requests.MINUTES)
        ledger = self._ledger(there)
        self._slow = _Slow(
            at=at,
            stirred=stirred,
            refreshes=refreshes,
            events=self._events(ledger, before.events),
            requests=self._ask("requests", lambda: self._traffic.of_fleets(arns, since)) or before.requests,
            marks=self._marks(ledger, before.marks),
            took={
                refresh.id: self._took(ledger, name, refresh) for name, refresh in active.items() if refresh and ledger
            },
        )
        self._slow.unknown, self._unknown = tuple(self._unknown), noted

    def _ledger(self, there: Sequence[DeployedFleet]) -> Ledger | None:
        """Return the ledger of the stack's store, which keeps what it has read."""
        bucket = next((fleet.store for fleet in there if fleet.store), "")
        if not bucket:
            return None
        if bucket not in self._ledgers:
            self._ledgers[bucket] = Ledger(bucket, self._s3, warn=self._warned)
        return self._ledgers[bucket]

    def _warned(self, line: str) -> None:
        self._unknown.append(f"all of the ledger: {line}")

    def _events(self, ledger: Ledger | None, before: tuple[Event, ...]) -> tuple[Event, ...]:
        if ledger is None:
            return ()
        found = self._ask("the ledger", lambda: ledger.history(self.stack, None, _EVENTS))
        return before if found is None else tuple(found)

    def _marks(self, ledger: Ledger | None, before: tuple[str, ...]) -> tuple[str, ...]:
        if ledger is None:
            return ()
        at = datetime.fromtimestamp(self._now(), timezone.utc)
        found = self._ask("freezes and maintenance", lambda: marks.of(ledger.bucket, self._s3, self.stack, at))
        return before if found is None else tuple(found)

    def _took(self, ledger: Ledger | None, fleet: str, refresh: Refresh) -> estimate.Took | None:
        if ledger is None:
            return None
        events = self._ask("the ledger", lambda: ledger.history(self.stack, fleet, _TIMED)) or []
        began = next(past_rollouts.starts(events, {refresh.id}), None)
        return estimate.took(events, began.action if began else DEPLOY)


def _health(state: str, why: str) -> str:
    return f"{state}: {one_line(why, 200)}" if why and state == "unhealthy" else state
