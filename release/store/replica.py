"""The replica: the other bucket of a store in two regions, and whether a release could be deployed from it.

S3 replicates both ways, so each of the two buckets is the other's replica; which one that is, a bucket's own
replication configuration says. A release is recoverable once its manifest and its artifact are in the other bucket, as
they are here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from release import names
from release.clients import SHORTLY, code, explained
from release.clients import client as new_client
from release.errors import ConflictError, ManifestError, StoreError
from release.store import upload
from release.store.manifest import Manifest
from release.store.releases import Store

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_THREADS = 16
_CONFIG = SHORTLY.merge(Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=2))
"""A region that is dark must not hold up what this one can do alone; a call that is throttled or lost is no outage."""
_THROTTLED = {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"}


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The bucket that another one is replicated to, and its region."""

    bucket: str
    region: str


class Recovery(Enum):
    """Whether a release can be deployed from the other bucket."""

    RECOVERABLE = "recoverable"
    NOT_YET = "not yet"
    """Something of it is missing there, which replication may still bring."""
    DIFFERS = "differs"
    """Something else is there under its name, which waiting does not change."""
    UNKNOWN = "unknown"
    """The other bucket could not be asked."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What is known of one release in the other bucket; `why` explains any state but RECOVERABLE, in one line."""

    recovery: Recovery
    why: str = ""

    @property
    def recoverable(self) -> bool:
        """Return whether the release can be deployed from there."""
        return self.recovery is Recovery.RECOVERABLE


_FINE = State(recovery=Recovery.RECOVERABLE)


def peer(bucket: str, s3: S3Client) -> Peer | None:
    """Return the bucket that `bucket` is replicated to, or None if there is none, or no `bucket` yet.

    The region is in the name of the stack's own rule, so that it is known while that region is dark; of any other
    rule, S3 is asked. Raises StoreError if the bucket can't be asked.
    """
    with explained("ask for its replication", f"bucket {bucket}"):
        try:
            rules = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"]
        except ClientError as error:
            if code(error) in {"ReplicationConfigurationNotFoundError", "NoSuchBucket"}:
                return None
            raise
    for rule in rules:
        other = rule["Destination"]["Bucket"].rpartition(":")[2]
        return Peer(bucket=other, region=names.region_of_rule(rule.get("ID", "")) or _region(other))
    return None


def _region(bucket: str) -> str:
    with explained("ask for its region", f"bucket {bucket}"):
        return new_client("s3", config=SHORTLY).head_bucket(Bucket=bucket)["BucketRegion"]


class Replica:
    """The other bucket of a store."""

    def __init__(self, peer: Peer, client: S3Client | None = None, *, origin: Store | None = None) -> None:
        """With `origin`, the store that is replicated, large artifacts need not be read whole to be compared."""
        self._origin = origin
        self.bucket, self.region = peer.bucket, peer.region
        self.client = new_client("s3", peer.region, _CONFIG) if client is None else client
        self.store = Store(peer.bucket, self.client, may_be_missing=True)

    @classmethod
    def of(cls, bucket: str, s3: S3Client) -> Replica | None:
        """Return the replica of a bucket, or None if it has none. Raises StoreError as `peer` does."""
        found = peer(bucket, s3)
        return cls(found, origin=Store(bucket, s3)) if found else None

    def state(self, manifest: Manifest) -> State:
        """Return whether a release of this region's store can be deployed from the replica."""
        try:
            found = self.store.manifest(manifest.sha)
            if found is None:
                return self._not_yet(f"has no manifest of {manifest.sha}")
            if found != manifest:
                return self._differs(f"has another manifest of {manifest.sha}")
        except (ManifestError, ConflictError) as error:
            return State(recovery=Recovery.DIFFERS, why=str(error))
        except StoreError as error:
            return unanswered(error, self.region)
        return whole(manifest, self.store, region=self.region, like=self._origin)

    def states(self, manifests: Sequence[Manifest]) -> Mapping[str, State]:
        """Return the states of releases by SHA. Once the replica did not answer, it is not asked about the others."""
        silent: list[State] = []
        known = threading.Event()

        def ask(manifest: Manifest) -> State:
            if known.is_set():
                return silent[0]
            state = self.state(manifest)
            if state.recovery is Recovery.UNKNOWN:
                silent.append(state)
                known.set()
            return state

        with ThreadPoolExecutor(_THREADS) as pool:
            return {manifest.sha: state for manifest, state in zip(manifests, pool.map(ask, manifests), strict=True)}

    def _not_yet(self, why: str) -> State:
        return State(recovery=Recovery.NOT_YET, why=f"{self._where} {why}")

    def _differs(self, why: str) -> State:
        return State(recovery=Recovery.DIFFERS, why=f"{self._where} {why}")

    @property
    def _where(self) -> str:
        return f"{self.bucket} in {self.region}"


def whole(manifest: Manifest, store: Store, *, region: str, like: Store | None = None) -> State:
    """Return whether a bucket has the artifact of a manifest that it has, with the right digest and size.

    Replication copies objects in any order, so that the manifest may be there first. Of an artifact that was put in
    parts S3 knows no digest: it is compared with the one in `like`, or else it has to be read.
    """
    try:
        if not (like and manifest.size > upload.MULTIPART_ABOVE and _same(manifest, store, like)):
            store.check(manifest)
    except ConflictError as error:
        return State(recovery=Recovery.DIFFERS, why=str(error))
    except StoreError as error:
        if error.__cause__ is None:
            return State(
                recovery=Recovery.NOT_YET, why=f"{store.bucket} in {region} has no artifact of {manifest.sha} yet"
            )
        return unanswered(error, region)
    return _FINE


def _same(manifest: Manifest, store: Store, other: Store) -> bool:
    """Return whether both buckets have one artifact, in parts and of the manifest's size.

    That they have the same alone says little: what overwrites it in one of them is replicated to the other.
    """
    found = store.kept.parts(manifest.sha)
    return found is not None and found[1] == manifest.size and found == other.kept.parts(manifest.sha)


def unanswered(error: StoreError, region: str) -> State:
    """Return the state of a release whose bucket could not be asked: its region is dark, or it refuses."""
    said = f"region {region} does not answer" if silent(error) else str(error)
    return State(recovery=Recovery.UNKNOWN, why=said)


def silent(error: BaseException) -> bool:
    """Return whether an error means that a region did not answer, or only with errors of its own (5xx)."""
    cause = error.__cause__ if isinstance(error, StoreError) else error
    if isinstance(cause, ClientError):
        return (
            code(cause) not in _THROTTLED
            and int(cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500
        )
    return isinstance(cause, (ConnectionError, HTTPClientError))
