"""Brings over to the replica whatever it lacks, and checks that it got there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from release import names
from release.artifact import temporary
from release.clients import client, explained
from release.errors import StoreError
from release.store import backlog, batch
from release.store.backlog import Left, Original
from release.store.batch import Batches
from release.store.releases import Store
from release.store.replica import Replica, State

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_ROUNDS = 4
"""Jobs at most: what is published meanwhile may be left behind too."""
_SHOWN = 5
_SETTLING = 30.0
"""Seconds after a job within which its objects have to be listed in the replica."""
_PAUSE = 1.0


@dataclass(kw_only=True)
class Difference:
    """What the replica lacks: how many objects, and the first of them."""

    missing: int = 0
    differing: int = 0
    first: list[str] = field(default_factory=list[str])

    def note(self, found: Left) -> None:
        """Count one more."""
        if found.differs:
            self.differing += 1
        else:
            self.missing += 1
        if len(self.first) < _SHOWN:
            self.first.append(f"{found.original.key}{' (differs)' if found.differs else ''}")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How many objects were brought over, and the releases that are not recoverable all the same, by SHA."""

    brought: int
    not_recoverable: dict[str, State]
    left: Difference


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """From a bucket to its replica."""

    store: Store
    s3: S3Client
    replica: Replica
    there: S3Client
    batches: Batches

    @classmethod
    def of(cls, store: Store, replica: Replica) -> Crossing:
        """Return the crossing from a store to its replica. Raises StoreError if AWS does not tell the account."""
        sts = client("sts", store.region)
        with explained("find out the account", "AWS STS"):
            account = sts.get_caller_identity()["Account"]
        s3 = client("s3", store.region)
        batches = Batches(
            bucket=store.bucket,
            account=account,
            partition=names.partition(store.region),
            s3=s3,
            control=client("s3control", store.region),
        )
        return cls(store=store, s3=s3, replica=replica, there=replica.client, batches=batches)

    def difference(self) -> Difference:
        """Return what the replica lacks now."""
        found = Difference()
        for each in self._left():
            found.note(each)
        return found

    def bring_over(self, seconds: float, tell: Callable[[str], None]) -> Outcome:
        """Bring over what the replica lacks, within `seconds`; follow a job that is under way instead of a second.

        Raises StoreError if that can't be, or is not done in time.
        """
        ends, brought = time.monotonic() + seconds, 0
        for _ in range(_ROUNDS):
            job = self.batches.under_way()
            wanted = 0
            if job is None:
                with temporary.folder() as folder:
                    manifest = folder / "manifest.csv"
                    wanted = batch.write(manifest, self.store.bucket, self._missing())
                    if not wanted:
                        break
                    job = self.batches.start(manifest)
                tell(f"job {job} replicates {wanted} objects to {self.replica.bucket} in {self.replica.region}")
            else:
                tell(f"job {job} is under way already, and is followed")
            self.batches.follow(job, max(ends - time.monotonic(), 0), tell)
            left = self._settled()
            if wanted and left.missing >= wanted:
                raise StoreError(self._in_vain(job, left))
            brought += max(wanted - left.missing, 0)
        return Outcome(brought=brought, not_recoverable=self._not_recoverable(), left=self.difference())

    def _settled(self) -> Difference:
        """Return what is missing after a job, once that no longer changes for the better."""
        ends = time.monotonic() + _SETTLING
        found = self.difference()
        while found.missing and time.monotonic() < ends:
            time.sleep(_PAUSE)
            before, found = found.missing, self.difference()
            if found.missing >= before:
                break
        return found

    def _in_vain(self, job: str, left: Difference) -> str:
        said = "; ".join(self.batches.failures(job)) or "its report names no failure"
        return (
            f"bucket {self.store.bucket}: job {job} is complete, but {left.missing} objects are still not in "
            f"{self.replica.bucket} ({', '.join(left.first)}): {said}"
        )

    def _not_recoverable(self) -> dict[str, State]:
        found: dict[str, State] = {}
        for manifests in self.store.in_steps():
            states = self.replica.states(manifests)
            found.update({sha: state for sha, state in states.items() if not state.recoverable})
        return found

    def _missing(self) -> Iterator[Original]:
        return (found.original for found in self._left() if not found.differs)

    def _left(self) -> Iterator[Left]:
        return backlog.left(self.s3, self.store.bucket, self.there, self.replica.bucket)
