"""A fleet's deployment: what `pulumi up` rolls out and proves, and what a preview foresees of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import pulumi

from release.clients import client
from release.component.gate import Gate
from release.component.release import Release
from release.notify.targets import NOBODY, Told
from release.notify.word import Word
from release.rollout.aws import Aws
from release.rollout.conflicts import Conflicts
from release.rollout.drive import Rollout
from release.rollout.observe import all_served
from release.rollout.proof import Proof
from release.rollout.record import Record
from release.rollout.spec import RolloutSpec
from release.rollout.together import Together
from release.store.ledger import Ledger


class Deployments:
    """What the deployments of a stack's fleets share: AWS's clients, the ledger, and the report when one fails."""

    def __init__(
        self, *, stack: str, region: str, bucket: str, fleets: Collection[str], sha: str = "", told: Told = NOBODY
    ) -> None:
        """Ask nothing of AWS yet; `fleets` are the stack's, `told` is who is told of the deploy of `sha`."""
        self.stack = stack
        self.aws = Aws(region)
        self.gate = Gate()
        self.together = Together(len(fleets), lambda: all_served(self.aws.fleets, stack))
        self.word = Word(
            told=told,
            stack=stack,
            region=region,
            sha=sha,
            fleets=fleets,
            history=lambda fleet, limit: self.ledger.history(stack, fleet, limit),
        )
        self._region = region
        self._bucket = bucket
        self._settled: set[str] = set()

    async def settled(self, fleet: str) -> None:
        """Take that a fleet has come to a good end, and after the last one do what comes after a deploy."""
        self._settled.add(fleet)
        if len(self._settled) == self.together.fleets:
            await self._tell_end()
            await self.gate.end()

    async def failed(self, error: str) -> None:
        """Do what comes after a deploy that failed with an error."""
        await self._tell_end()
        await self.gate.end(error)

    async def _tell_end(self) -> None:
        """Tell whoever is told of deploys how this one ended, and warn of those that could not be told."""
        for warning in await asyncio.to_thread(self.word.end):
            pulumi.log.warn(warning)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self._bucket, client("s3", self._region))


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One fleet's deployment of a release."""

    spec: RolloutSpec
    release: Release
    digest: pulumi.Output[str]
    shared: Deployments

    def rollout(self, digest: str, tell: Callable[[str], None], warn: Callable[[str], None]) -> Rollout:
        """Return the rollout, once the digest is known."""
        return Rollout(
            spec=self.spec,
            aws=self.shared.aws,
            record=self._record(digest),
            tell=tell,
            warn=warn,
            before=lambda: self.pass_gate(tell, warn),
            begun=self.shared.gate.begin,
        )

    async def pass_gate(self, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        """Do what comes before the stack's first fleet is touched, or wait for it. Raise ReleaseError if it fails."""
        self.shared.word.comes(self.spec.fleet)
        await self.shared.gate.passed(self.spec.fleet, tell, warn)

    def proof(self, digest: str, tell: Callable[[str], None], warn: Callable[[str], None]) -> Proof:
        """Return the proof of it."""
        return Proof(spec=self.spec, aws=self.shared.aws, record=self._record(digest), tell=tell, warn=warn)

    def conflicts(self, tell: Callable[[str], None]) -> Conflicts:
        """Return what tells, in a preview, what `pulumi up` would refuse; the digest does not matter for it."""
        return Conflicts(spec=self.spec, aws=self.shared.aws, record=self._record(""), tell=tell)

    def _record(self, digest: str) -> Record:
        return Record(
            ledger=self.shared.ledger,
            stack=self.shared.stack,
            fleet=self.spec.fleet,
            sha=self.spec.sha,
            digest=digest,
            image=self.release.image.name,
            follows=self.release.follows,
            followed=self.release.followed,
            heard=self.shared.word.heard,
        )
