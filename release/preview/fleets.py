"""Asks AWS, the store, the ledger and git about the fleets that a preview touches. What none can say is left open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from botocore.config import Config

from release.clients import FAILURES, SHORTLY, client, described
from release.errors import ReleaseError, RevisionError
from release.preview.cost import Launched
from release.preview.facts import Between, Facts, FleetFacts, Log, ReleaseFacts, rollback
from release.preview.steps import Step
from release.preview.touched import GROUP, LAUNCH_TEMPLATE, Touched, touched
from release.rollout.duration import Pace
from release.rollout.estimate import took
from release.rollout.observe import Fleets
from release.rollout.observed import DeployedFleet, Template
from release.source import revision
from release.source.repository import open_present, without_credentials
from release.store.event import Event
from release.store.ledger import Ledger
from release.store.releases import Store
from release.store.replica import Recovery, Replica
from release.text import one_line

T = TypeVar("T")

COMMITS = 200
"""Commits between two releases that are shown; of more, only their number."""
_HISTORY = 100
"""Events of a fleet that are looked at: enough for its last rollouts, and for where a rollback goes."""
_THREADS = 8
_LINE = 200
"""Characters of a commit's line."""
_CONFIG = SHORTLY.merge(Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=2))
"""A preview can do without an answer; a call that is throttled or lost is asked again."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Where to look."""

    stack: str
    region: str | None = None
    bucket: str = ""
    """The store; "" for the one that the stack's groups name."""
    repository: str = "."
    """What is asked for the commits between two releases: a path or a URL, of which there is a copy here."""
    paces: Mapping[str, Pace] = field(default_factory=dict[str, Pace])
    """How fast each fleet's rollouts go, by its settings."""


def look(steps: Sequence[Step], where: Look) -> Facts:
    """Return what is known of the fleets that the steps touch.

    That something can't be asked is no error: the facts say so. No git host is asked.
    """
    if not any(step.type in (GROUP, LAUNCH_TEMPLATE) for step in steps):
        return Facts()
    return _Looking(where).facts(touched(steps))


class _Looking:
    """One look, in several threads; `unknown` gets what can't be found out."""

    def __init__(self, where: Look) -> None:
        self._where = where
        self.unknown: list[str] = []
        self._aws = Fleets(where.region, _CONFIG)
        there = self._ask("which fleets there are", lambda: self._aws.of_stack(where.stack)) or []
        self._there = {fleet.name: fleet for fleet in there}
        self._bucket = where.bucket or next((fleet.store for fleet in there if fleet.store), "")
        s3 = client("s3", where.region, _CONFIG)
        self._ledger = Ledger(self._bucket, s3)
        self._store = Store(self._bucket, s3, may_be_missing=True)
        self._replica = (
            self._ask("where its replica is", lambda: Replica.of(self._bucket, s3)) if self._bucket else None
        )

    def facts(self, found: Sequence[Touched]) -> Facts:
        """Return the facts about these fleets."""
        with ThreadPoolExecutor(_THREADS) as threads:
            fleets = sorted({*self._there, *(fleet.fleet for fleet in found)})
            histories = threads.map(self._history, fleets)
            known = list(threads.map(self._fleet, found))
            new = sorted({fleet.new for fleet in known if fleet.new})
            releases = threads.map(self._release, new)
            ways = sorted({(f.old, f.new) for f in known if f.old and f.new and f.old != f.new})
            between = threads.map(self._between, ways)
            launched = threads.map(self._launched, self._there.values())
            events = dict(zip(fleets, histories, strict=True))
            return Facts(
                fleets=tuple(replace(fleet, took=took(events[fleet.fleet])) for fleet in known),
                releases=tuple(releases),
                between=tuple(way for way in between if way),
                launched={
                    each.group.name: seen for each, seen in zip(self._there.values(), launched, strict=True) if seen
                },
                rollback=rollback(new, (event for past in events.values() for event in past)),
                unknown=tuple(dict.fromkeys(self.unknown)),
            )

    def _ask(self, what: str, ask: Callable[[], T]) -> T | None:
        """Return the answer; None, and a note, if it can't be had."""
        try:
            return ask()
        except (ReleaseError, *FAILURES) as error:
            self.unknown.append(f"{what}: {one_line(described(error), 500)}")
            return None

    def _fleet(self, fleet: Touched) -> FleetFacts:
        there, pace = self._there.get(fleet.fleet), self._where.paces.get(fleet.fleet)
        group = there.group if there else None
        instances = group.desired if group else fleet.least if fleet.becomes == "created" else None
        return FleetFacts(
            fleet=fleet.fleet,
            group=fleet.group,
            becomes=fleet.becomes,
            old=self._release_of(group.template if group else None) or fleet.old,
            new=None if fleet.becomes == "deleted" else fleet.new or self._release_of(fleet.template),
            instances=instances,
            steps=pace.batches(instances) if pace and instances and fleet.becomes == "replaced" else None,
            checkpoints=tuple(pace.checkpoints) if pace else (),
        )

    def _release_of(self, template: Template | None) -> str | None:
        if template is None:
            return None
        return self._ask("which release a fleet launches", lambda: self._aws.templates.release_of(template))

    def _launched(self, fleet: DeployedFleet) -> Launched | None:
        template = fleet.group.template
        if template is None:
            return None
        data = self._ask("what a fleet launches", lambda: self._aws.templates.data(template))
        return _as_launched(fleet.group.desired, data) if data else None

    def _history(self, fleet: str) -> Sequence[Event]:
        if fleet not in self._there or not self._bucket:
            return ()
        return self._ask("past rollouts", lambda: self._ledger.history(self._where.stack, fleet, _HISTORY)) or ()

    def _release(self, sha: str) -> ReleaseFacts:
        found = self._ask(f"whether {sha[:12]} is published", lambda: self._published(sha)) if self._bucket else None
        return found or ReleaseFacts(sha=sha)

    def _published(self, sha: str) -> ReleaseFacts:
        manifest = self._store.manifest(sha)
        if manifest is None or self._replica is None:
            return ReleaseFacts(sha=sha, published=manifest is not None)
        state = self._replica.state(manifest)
        if state.recovery is Recovery.UNKNOWN:
            self.unknown.append(f"whether {sha[:12]} is recoverable: {state.why}")
            return ReleaseFacts(sha=sha, published=True)
        return ReleaseFacts(sha=sha, published=True, recoverable=state.recoverable, why=state.why)

    def _between(self, way: tuple[str, str]) -> Between | None:
        return self._ask("the commits between", lambda: between(self._where.repository, *way))


def _as_launched(instances: int, data: Mapping[str, Any]) -> Launched:
    volumes = [each.get("Ebs") or {} for each in data.get("BlockDeviceMappings", ())]
    return Launched(
        instances=instances,
        type=str(data.get("InstanceType", "")),
        volume=sum(int(volume.get("VolumeSize") or 0) for volume in volumes),
        detailed=bool((data.get("Monitoring") or {}).get("Enabled")),
    )


def between(where: str, old: str, new: str) -> Between:
    """Return the commits between two releases, without asking a git host. Raises RevisionError if git can't tell."""
    opened = [open_present(where, sha) for sha in (old, new)]
    if opened[0] is None or opened[1] is None:
        lacks = old if opened[0] is None else new
        raise RevisionError(f"no git repository at {without_credentials(where)} has the commit {lacks[:12]} here")
    added, removed = (
        Log(count=count, lines=tuple(one_line(line, _LINE) for line in lines))
        for count, lines in (
            revision.newest(opened[1], new, old, COMMITS),
            revision.newest(opened[1], old, new, COMMITS),
        )
    )
    return Between(old=old, new=new, added=added, removed=removed)
