"""Brings up a stack that is kept for recovery, by Auto Scaling alone: no git, no Pulumi engine, no other region.

What its instances boot is in the groups' launch templates already; only their sizes change. The group's tag is changed
first: from then on a `pulumi up` that would lower the posture again is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from release import defaults, names, postures
from release.errors import ReleaseError, RolloutError, StoreError
from release.postures import Size
from release.rollout.aws import Aws
from release.rollout.decide import in_status
from release.rollout.estimate import ACTIVATION
from release.rollout.live import ACTIVATED
from release.rollout.observe import all_served, served
from release.rollout.observed import ACTIVE, DeployedFleet, Template
from release.rollout.proof import Proof
from release.rollout.record import Record
from release.rollout.serving import Serving
from release.rollout.spec import RolloutSpec
from release.rollout.together import side_by_side
from release.rollout.watch import explained_aws
from release.store.ledger import Event, Ledger
from release.store.manifest import Manifest
from release.store.releases import Store

_SINCE = 60.0
"""Seconds before it began since when a refused launch counts: clocks differ."""
_HISTORY = 40
"""Events of a fleet among which the one about the release in force is looked for."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What one fleet is to be: its bounds, and the release that its launch template has."""

    fleet: DeployedFleet
    size: Size
    template: Template
    release: Manifest
    posture: str
    """That asked for, or the one that it has if that is higher: nothing is taken down."""

    @property
    def is_set(self) -> bool:
        """Return whether the group is told already."""
        group = self.fleet.group
        return self.fleet.posture == self.posture and Size(min=group.least, max=group.largest) == self.size


@dataclass(frozen=True, kw_only=True)
class Activation:
    """Brings the fleets of one stack up. `tell` gets progress, a line at a time, `warn` what must not be overlooked."""

    stack: str
    posture: str
    aws: Aws
    store: Store
    ledger: Ledger
    tell: Callable[[str], None]
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    """Gets what is being waited for, which is worth nothing afterwards."""
    heard: Callable[[Event], None] | None = None
    """Gets each event of the activation, once it is written."""

    def targets(self, fleets: Sequence[DeployedFleet]) -> list[Target]:
        """Return what each fleet is to be. Raise ReleaseError, with every problem, before anything is changed."""
        problems = [problem for fleet in fleets for problem in self._problems(fleet)]
        if problems:
            raise ReleaseError("\n".join(problems))
        return [self._target(fleet) for fleet in fleets]

    def _problems(self, fleet: DeployedFleet) -> Iterator[str]:
        if postures.size_in(fleet.size) is None:
            told = f"is {fleet.size!r}" if fleet.size else "is missing"
            yield (
                f"fleet {fleet.name}: the tag {names.SIZE_TAG} of the group {fleet.group.name}, which tells its "
                f"sizes as MIN-MAX, {told}; `SLIPWAY_POSTURE={self.posture} pulumi up` sets it"
            )
        refresh = in_status(self.aws.fleets.refreshes(fleet.group.name), ACTIVE)
        if refresh:
            sha = self.aws.templates.release_of(refresh.template) if refresh.template else None
            yield (
                f"fleet {fleet.name}: a rollout of {sha or 'another release'} is {refresh.status} (instance refresh "
                f"{refresh.id}): wait for its end (`python -m release status`), or undo it (`python -m release "
                "rollback`)"
            )

    def _target(self, fleet: DeployedFleet) -> Target:
        group, active = fleet.group, postures.size_in(fleet.size)
        baked = self.aws.templates.baked([group.template]).get(group.template) if group.template else None
        if active is None or group.template is None or baked is None:
            raise ReleaseError(
                f"fleet {fleet.name}: the launch template of the group {group.name} names no release; "
                f"`SLIPWAY_POSTURE={self.posture} pulumi up` deploys one"
            )
        manifest = self.store.manifest(baked.sha)
        if manifest is None:
            raise ReleaseError(
                f"fleet {fleet.name}: its launch template has {baked.sha}, which is not in {self.store.where}: no "
                "instance could boot it. `python -m release list` shows what is there; deploy that with "
                f"`SLIPWAY_SHA=… SLIPWAY_POSTURE={self.posture} pulumi up`"
            )
        if baked.digest not in (None, manifest.digest):
            raise ReleaseError(
                f"fleet {fleet.name}: its launch template has {baked.sha} with the digest {baked.digest}, but the "
                f"manifest in {self.store.where} has {manifest.digest}: no instance could boot it; restore the object, "
                f"or deploy another release with `SLIPWAY_SHA=… SLIPWAY_POSTURE={self.posture} pulumi up`"
            )
        self.store.check(manifest)
        posture = postures.higher(self.posture, fleet.posture or "cold")
        size = postures.size(posture, active, group.zones)
        return Target(fleet=fleet, size=size, template=group.template, release=manifest, posture=posture)

    def newer(self, targets: Sequence[Target]) -> str:
        """Return what to say if the ledger knows of a newer good release than the launch templates have, or ""."""
        try:
            events = self.ledger.history(self.stack, limit=1)
            follows = events[0].follows if events else None
            good = (found.event for found in self.ledger.good(self.stack, follows) if not found.refused)
            newest = next(good, None)
        except StoreError as error:  # the instances come up all the same
            return f"whether another release was good since is not known: {error}"
        if newest is None or newest.sha in {target.release.sha for target in targets}:
            return ""
        return (
            f"{newest.sha} was good in {newest.stack} since {newest.when:%Y-%m-%d %H:%M} UTC, and this stack boots "
            f"another one: `SLIPWAY_POSTURE={self.posture} pulumi up --stack {self.stack}` deploys it"
        )

    def serving(self, target: Target) -> Serving:
        """Return what a fleet serves now."""
        fleet = target.fleet
        return served(self.aws.fleets, fleet.group, fleet.log_group)

    async def run(self, targets: Sequence[Target]) -> dict[str, Serving]:
        """Bring all fleets up side by side, and return what each then serves.

        Raise ReleaseError if one did not get there, after all have ended.
        """
        steps = {each.fleet.name: self._one(each) for each in targets}
        return await side_by_side(steps, lambda: all_served(self.aws.fleets, self.stack))

    async def _one(self, to: Target) -> Serving:
        name, group = to.fleet.name, to.fleet.group.name
        with explained_aws(name, group):
            record = await asyncio.to_thread(self._record, to)
            if not to.is_set:
                await asyncio.to_thread(self.aws.groups.tell_posture, group, to.posture)
                await asyncio.to_thread(self.aws.groups.resize, group, to.size)
                self.tell(
                    f"{name}: {to.posture}, with {to.size.min} to {to.size.max} instances of {to.release.sha}. If this "
                    "command is interrupted, AWS goes on; the same command follows it again"
                )
                await asyncio.to_thread(self._record_start, record, to)
            spec = await asyncio.to_thread(self._spec, to)
            took = await asyncio.to_thread(record.took, ACTIVATION)
            proof = Proof(
                spec=spec, aws=self.aws, record=record, tell=self.progress, warn=self.warn, took=took, recent=_SINCE
            )
            found = await proof.prove(to.template)
            if found.missing:
                raise RolloutError(
                    f"fleet {name}: {found}, and {found.missing} are missing. AWS goes on trying, and the same command "
                    "waits for them: raise the quota, or add instance types (fleets.<name>.instanceTypes)"
                )
            return found

    def _record(self, to: Target) -> Record:
        """Return the fleet's side of the ledger: whether the release was anybody's choice was settled before."""
        events = self.ledger.history(self.stack, to.fleet.name, _HISTORY)
        known = next((event for event in events if event.sha == to.release.sha), None)
        return Record(
            ledger=self.ledger,
            stack=self.stack,
            fleet=to.fleet.name,
            sha=to.release.sha,
            digest=to.release.digest,
            image=to.release.image.name,
            follows=_follows(known, events),
            followed=known.followed if known else None,
            heard=self.heard,
        )

    def _record_start(self, record: Record, to: Target) -> None:
        before = to.fleet.posture or "unknown"
        reason = f"{ACTIVATED}from {before} to {to.posture} ({to.size.min} to {to.size.max} instances)"
        try:
            record.write("started", template_version=to.template.version, reason=reason)
        except StoreError as error:  # the instances come up all the same
            self.warn(f"{to.fleet.name}: the ledger does not have this activation: {error}")

    def _spec(self, to: Target) -> RolloutSpec:
        group = to.fleet.group
        return RolloutSpec(
            fleet=to.fleet.name,
            group=group.name,
            log_group=to.fleet.log_group,
            sha=to.release.sha,
            preferences={},
            timeout=0,
            boot_timeout=self._boot_timeout(group.name),
        )

    def _boot_timeout(self, group: str) -> int:
        try:
            return self.aws.fleets.boot_timeout(group) or defaults.BOOT_TIMEOUT
        except ClientError:  # the role need not be allowed to ask for this
            return defaults.BOOT_TIMEOUT


def _follows(known: Event | None, events: Sequence[Event]) -> str | None:
    newest = known or (events[0] if events else None)
    return newest.follows if newest else None
