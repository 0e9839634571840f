"""Rolls fleets back with nothing but AWS: no git, no Pulumi engine, no state, no lock.

It finds what it needs by tag: the fleets of a stack, their store and their boot journals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from release import defaults, preferences
from release.errors import ReleaseError
from release.rollout import duration
from release.rollout.aws import Aws
from release.rollout.decide import Step, in_status
from release.rollout.drive import Rollout
from release.rollout.observe import all_served
from release.rollout.observed import ACTIVE, ROLLING_FORWARD, DeployedFleet, Group, Refresh, Template
from release.rollout.past_rollouts import ROLLBACK
from release.rollout.proof import Proof
from release.rollout.record import Record
from release.rollout.serving import Serving
from release.rollout.spec import RolloutSpec
from release.rollout.target import FleetState, choose
from release.rollout.together import side_by_side
from release.rollout.watch import explained_aws
from release.store import cross_check
from release.store.ledger import Event, Ledger
from release.store.manifest import Manifest
from release.store.releases import Store

_HISTORY = 200
"""Events of a fleet among which its last good release is looked for."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where one fleet goes back to: a release, and the version of the fleet's launch template that has it."""

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
    heard: Callable[[Event], None] | None = None
    """Gets each event of the rollouts, once it is written."""

    def choose_release(self, fleets: Sequence[DeployedFleet]) -> Manifest:
        """Return the one release that these fleets go back to. Raise ReleaseError if the ledger knows of none."""
        states = [self._state(fleet) for fleet in fleets]
        sha = choose(states)
        if sha is None:
            shas = sorted({state.in_force for state in states if state.in_force})
            raise ReleaseError(
                f"{self.stack}: the ledger in {self.store.bucket} has no release that served before "
                f"{' and '.join(shas) or 'this one'}; choose one with --to (`python -m release list` shows them)"
            )
        manifest = self.store.manifest(sha)
        if manifest is None:
            raise ReleaseError(f"{self.store.where} has no release {sha}, although a fleet ran it: was it deleted?")
        return manifest

    def leaves(self, fleets: Sequence[DeployedFleet]) -> str | None:
        """Return the release that these fleets leave: that which is rolled out, or in force; None if they differ."""
        found: set[str | None] = set()
        for fleet in fleets:
            refresh = self._in_progress(fleet)
            found.add(self._release_of(refresh.template if refresh else fleet.group.template))
        return found.pop() if len(found) == 1 else None

    def _state(self, fleet: DeployedFleet) -> FleetState:
        refresh = self._in_progress(fleet)
        return FleetState(
            in_force=self._release_of(fleet.group.template),
            refresh=refresh,
            refreshing_to=self._release_of(refresh.template) if refresh else None,
            events=self._events(fleet),
        )

    def _in_progress(self, fleet: DeployedFleet) -> Refresh | None:
        return in_status(self.aws.fleets.refreshes(fleet.group.name), ACTIVE)

    def _release_of(self, template: Template | None) -> str | None:
        return self.aws.templates.release_of(template) if template else None

    def _events(self, fleet: DeployedFleet) -> list[Event]:
        return self.ledger.history(self.stack, fleet.name, _HISTORY)

    def target(self, fleet: DeployedFleet, release: Manifest) -> Target:
        """Return how the fleet gets to that release.

        Raise ReleaseError if no version of its template has it, or if another artifact served under that SHA.
        """
        served = self.ledger.digests(release.sha, self.stack)
        cross_check.check_served(release, bucket=self.store.bucket, served=served)
        template = self._version_of(fleet, release.sha)
        if template is None:
            raise ReleaseError(
                f"fleet {fleet.name}: no version of its launch template has release {release.sha}, so it never ran "
                "there; deploy it with `pulumi up`"
            )
        return Target(fleet=fleet, release=release, template=template)

    def _version_of(self, fleet: DeployedFleet, sha: str) -> Template | None:
        """Return the version in force or that served last: a newer one may have other settings, and have failed."""
        current = fleet.group.template
        if current is None or self._release_of(current) == sha:
            return current
        for event in self._events(fleet):
            if event.sha == sha and event.outcome == "succeeded" and event.template_version:
                served = Template(id=current.id, version=event.template_version)
                if self._release_of(served) == sha:
                    return served
        return self.aws.templates.newest_of(current.id, sha)

    async def run(self, targets: Sequence[Target]) -> dict[str, Serving]:
        """Roll all fleets back side by side, and return what each then serves.

        Raise ReleaseError if one did not get there, after all have ended.
        """
        steps = {each.fleet.name: self._one(each) for each in targets}
        return await side_by_side(steps, lambda: all_served(self.aws.fleets, self.stack))

    async def _one(self, to: Target) -> Serving:
        with explained_aws(to.fleet.name, to.fleet.group.name):
            spec = await asyncio.to_thread(self._spec, to)
            record = self._record(to)
            rollout = Rollout(spec=spec, aws=self.aws, record=record, tell=self.tell)
            left = await rollout.ask(self._release_of, to.fleet.group.template)
            refresh = await rollout.ask(self._in_progress, to.fleet)
            if refresh and (refresh.template != to.template or refresh.status not in ROLLING_FORWARD):
                await rollout.undo(refresh)
            desired = await rollout.ask(self.aws.fleets.desired_configuration, spec.group, to.template)
            await rollout.run(desired, to.template)
            proof = Proof(spec=spec, aws=self.aws, record=record, tell=self.tell)
            found = await proof.prove(to.template)
            if left and left != to.release.sha:
                await proof.ask(record.left, left)
            self.tell(proof.summary(found))
            return found

    def _spec(self, to: Target) -> RolloutSpec:
        group = to.fleet.group
        asked = {**preferences.ALWAYS, **self._preferences(group)}
        boot = self._boot_timeout(group)
        return RolloutSpec(
            fleet=to.fleet.name,
            group=group.name,
            log_group=to.fleet.log_group,
            sha=to.release.sha,
            preferences=asked,
            timeout=timeout(group, asked, boot),
            boot_timeout=boot,
            late=Step.FAILED,
        )

    def _boot_timeout(self, group: Group) -> int:
        try:
            return self.aws.fleets.boot_timeout(group.name) or defaults.BOOT_TIMEOUT
        except ClientError:  # the role that rolls back need not be allowed to ask for this
            return defaults.BOOT_TIMEOUT

    def _preferences(self, group: Group) -> dict[str, Any]:
        """Return what to keep of the group's last rollout: how many at a time, and how long an instance warms up.

        Not the alarms, which the release to leave sets off, nor a bake or checkpoints, which only prolong that. The
        percentages come as a pair, since they may be at most 100 apart.
        """
        last = self.aws.fleets.last_preferences(group.name)
        pair = ("MinHealthyPercentage", "MaxHealthyPercentage")
        kept = pair if all(key in last for key in pair) else ()
        return {key: last[key] for key in (*kept, "InstanceWarmup") if key in last}

    def _record(self, to: Target) -> Record:
        return Record(
            ledger=self.ledger,
            stack=self.stack,
            fleet=to.fleet.name,
            sha=to.release.sha,
            digest=to.release.digest,
            image=to.release.image.name,
            action=ROLLBACK,
            follows=next((event.follows for event in self._events(to.fleet)), None),
            heard=self.heard,
        )


def timeout(group: Group, asked: Mapping[str, Any], boot: int) -> int:
    """Return the seconds to wait for a rollback. It then continues in AWS: undoing it would lead to the bad release."""
    pace = duration.Pace(min_healthy=asked["MinHealthyPercentage"], max_healthy=asked["MaxHealthyPercentage"])
    batches = pace.batches(pace.slowest(group.desired, max(group.desired, group.largest)))
    warmup = int(asked.get("InstanceWarmup") or 0)
    return duration.default(pace, batches, boot=boot, joining=duration.JOINING, warmup=warmup, drain=defaults.DRAIN)
