"""The way back, with nothing but AWS: no git, no Pulumi engine, no state, no lock.

What it needs it finds by tag: the fleets of a stack, their store, their boot journals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from release import defaults, preferences
from release.errors import ReleaseError
from release.rollout import decide, duration, observed
from release.rollout.aws import Aws
from release.rollout.decide import Step
from release.rollout.drive import Rollout
from release.rollout.observe import all_served
from release.rollout.observed import DeployedFleet, Group, Refresh, Template
from release.rollout.proof import Proof
from release.rollout.record import ROLLBACK, Record
from release.rollout.serving import Serving
from release.rollout.spec import RolloutSpec
from release.rollout.together import told
from release.rollout.watch import explained_aws
from release.store import cross_check, ledger
from release.store.ledger import Event, Ledger
from release.store.manifest import Manifest
from release.store.releases import Store

_HISTORY = 200
"""Events of a fleet in which its last good release is looked for."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How one fleet gets back: the launch template version of the release to return to."""

    fleet: DeployedFleet
    release: Manifest
    template: Template


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Rolls the fleets of one stack back. `tell` gets progress, a line at a time."""

    stack: str
    aws: Aws
    store: Store
    ledger: Ledger
    tell: Callable[[str], None]

    def target(self, chosen: Sequence[DeployedFleet]) -> Manifest:
        """The one release that all of these fleets go back to.

        Where a rollback is under way, its release. From a rollout that is under way, that failed, or that only some of
        them took, the last good one, which may be in force already; else the good one before what is in force. Raises
        ReleaseError where the ledger knows of none.
        """
        events = [event for fleet in chosen for event in self.ledger.history(self.stack, fleet.name, _HISTORY)]
        under_way = [refresh for fleet in chosen if (refresh := self._under_way(fleet))]
        forward = [refresh for refresh in under_way if refresh.status in observed.ROLLING_FORWARD]
        back = _rolling_back_to(events, forward)
        if back:
            return self._published(back)
        in_force = {sha for fleet in chosen if (sha := self._release_of(fleet.group.template))}
        if under_way and len(in_force) == 1:
            return self._published(in_force.pop())
        settled = (
            not under_way
            and len(in_force) == 1
            and all(_serves(events, fleet.name, self._release_of(fleet.group.template)) for fleet in chosen)
        )
        left = in_force if settled else {self._release_of(refresh.template) for refresh in forward}
        good = ledger.last_good(event for event in events if event.sha not in left)
        if good is None:
            raise ReleaseError(
                f"{self.stack}: the ledger in {self.store.bucket} knows of no release that served before "
                f"{' and '.join(sorted(in_force)) or 'this one'}; name one with --to (`python -m release list` shows "
                "them)"
            )
        return self._published(good.sha)

    def _published(self, sha: str) -> Manifest:
        manifest = self.store.manifest(sha)
        if manifest is None:
            raise ReleaseError(f"{self.store.where} has no release {sha}, although the fleet had it: was it removed?")
        return manifest

    def _under_way(self, fleet: DeployedFleet) -> Refresh | None:
        return decide.in_status(self.aws.fleets.refreshes(fleet.group.name), observed.ACTIVE)

    def _release_of(self, template: Template | None) -> str | None:
        return self.aws.templates.release_of(template) if template else None

    def way(self, fleet: DeployedFleet, release: Manifest) -> Way:
        """How the fleet gets to that release.

        Raises ReleaseError where no version of its template has it, or where something else served by that SHA.
        """
        served = self.ledger.digests(release.sha, self.stack)
        cross_check.check_served(release, bucket=self.store.bucket, served=served)
        template = self._version_of(fleet, release.sha)
        if template is None:
            raise ReleaseError(
                f"fleet {fleet.name}: no version of its launch template has release {release.sha}, so it never ran "
                "there; deploy it with `pulumi up`"
            )
        return Way(fleet=fleet, release=release, template=template)

    def _version_of(self, fleet: DeployedFleet, sha: str) -> Template | None:
        """The version that is in force, or that served last; a newer one may have other settings, and have failed."""
        current = fleet.group.template
        if current is None or self._release_of(current) == sha:
            return current
        for event in self.ledger.history(self.stack, fleet.name, _HISTORY):
            if event.sha == sha and event.outcome == "succeeded" and event.template_version:
                served = Template(id=current.id, version=event.template_version)
                if self._release_of(served) == sha:
                    return served
        return self.aws.templates.newest_of(current.id, sha)

    async def run(self, ways: Sequence[Way]) -> dict[str, Serving]:
        """Rolls all of them, side by side, and returns what each fleet then serves.

        Raises ReleaseError when one did not get there, after all have ended.
        """
        ended = await asyncio.gather(*(self._explained(way) for way in ways), return_exceptions=True)
        problems = [str(end) for end in ended if isinstance(end, BaseException)]
        if problems and len(ways) > 1:
            problems.append(await told(lambda: all_served(self.aws.fleets, self.stack)))
        if problems:
            raise ReleaseError("\n".join(problems))
        return {way.fleet.name: end for way, end in zip(ways, ended, strict=True) if isinstance(end, Serving)}

    async def _explained(self, way: Way) -> Serving:
        with explained_aws(way.fleet.name, way.fleet.group.name):
            return await self._one(way)

    async def _one(self, way: Way) -> Serving:
        spec, record = await asyncio.to_thread(self._spec, way), self._record(way)
        made = Rollout(spec=spec, aws=self.aws, record=record, tell=self.tell)
        left = await asyncio.to_thread(self._release_of, way.fleet.group.template)
        under_way = await asyncio.to_thread(self._under_way, way.fleet)
        if under_way and (under_way.template != way.template or under_way.status not in observed.ROLLING_FORWARD):
            await made.undo(under_way)
        desired = await asyncio.to_thread(self.aws.refreshes.desired, way.fleet.group.name, way.template)
        await made.run(desired, way.template)
        proof = Proof(spec=spec, aws=self.aws, record=record, tell=self.tell)
        found = await proof.prove(way.template)
        if left and left != way.release.sha:
            await asyncio.to_thread(record.left, left)
        self.tell(proof.summary(found))
        return found

    def _spec(self, way: Way) -> RolloutSpec:
        asked = {**preferences.ALWAYS, **self._preferences(way.fleet)}
        boot = self._boot_timeout(way.fleet)
        return RolloutSpec(
            fleet=way.fleet.name,
            group=way.fleet.group.name,
            log_group=way.fleet.log_group,
            sha=way.release.sha,
            preferences=asked,
            timeout=timeout(way.fleet.group, asked, boot),
            boot_timeout=boot,
            late=Step.FAILED,
        )

    def _boot_timeout(self, fleet: DeployedFleet) -> int:
        try:
            return self.aws.fleets.boot_timeout(fleet.group.name) or defaults.BOOT_TIMEOUT
        except ClientError:  # whoever may roll back need not be allowed to ask for this
            return defaults.BOOT_TIMEOUT

    def _record(self, way: Way) -> Record:
        return Record(
            ledger=self.ledger,
            stack=self.stack,
            fleet=way.fleet.name,
            sha=way.release.sha,
            digest=way.release.digest,
            image=way.release.image.name,
            action=ROLLBACK,
        )

    def _preferences(self, fleet: DeployedFleet) -> dict[str, Any]:
        """How the fleet was rolled out last: how many at a time, and how long an instance warms up.

        Not what a way back does not wait for: the alarms are on because of the release it leaves, and a bake or a
        checkpoint only prolongs that. The percentages are a pair (they may be 100 apart at most).
        """
        last = self.aws.refreshes.last_preferences(fleet.group.name)
        pair = ("MinHealthyPercentage", "MaxHealthyPercentage")
        kept = pair if all(key in last for key in pair) else ()
        return {key: last[key] for key in (*kept, "InstanceWarmup") if key in last}


def timeout(group: Group, asked: Mapping[str, Any], boot: int) -> int:
    """Seconds until waiting for a rollback ends. It goes on in AWS: to undo it would be the way to the bad release."""
    pace = duration.Pace(min_healthy=asked["MinHealthyPercentage"], max_healthy=asked["MaxHealthyPercentage"])
    batches = pace.batches(pace.slowest(group.desired, max(group.desired, group.largest)))
    warmup = int(asked.get("InstanceWarmup") or 0)
    return duration.default(pace, batches, boot=boot, joining=duration.JOINING, warmup=warmup, drain=defaults.DRAIN)


def _rolling_back_to(events: Sequence[Event], forward: Sequence[Refresh]) -> str | None:
    """The release that a rollback under way goes to: one that was interrupted is taken up, not undone."""
    ids = {refresh.id for refresh in forward}
    begun = (event for event in events if event.refresh_id in ids and event.outcome == "started")
    return next((event.sha for event in begun if event.action == ROLLBACK), None)


def _serves(events: Sequence[Event], fleet: str, in_force: str | None) -> bool:
    """Whether the last thing that the ledger knows of a fleet is that a release served, and not that one failed.

    One that nothing could prove is what one goes back from where it is in force, as in a fleet without instances.
    """
    newest = next((event for event in events if event.fleet == fleet and not event.is_aside), None)
    if newest and newest.outcome == "unproved":
        return newest.sha == in_force
    return newest is None or newest.outcome == "succeeded"
