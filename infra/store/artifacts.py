"""The store: the bucket with every release there ever was, and the ledger; and its replica in a second region."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pulumi

from infra.permissions import policies
from infra.settings.stack import ArtifactsSettings, ReplicaSettings
from infra.store.private_bucket import PrivateBucket, PrivateBucketArgs
from infra.store.replication import Replication, ReplicationArgs, Side
from release import names
from release.clients import client
from release.store.arrival import Requirement
from release.store.releases import Store
from release.store.replica import Peer, Replica


@dataclass(frozen=True, kw_only=True)
class ArtifactsArgs:
    stack: str
    region: str
    account: str
    settings: ArtifactsSettings
    fleets: Sequence[str] = ()
    """Names of the fleets: the roles of their instances may write nothing here."""
    log_days: int
    """How long the access logs are kept, where the settings want some."""
    kept_logs: Collection[str] = ()
    """The buckets for access logs that are there already: S3 refuses to make them again."""


class Artifacts(pulumi.ComponentResource):
    """The stack's own bucket and its replica, or a given bucket that is used as it is.

    No object and no old version ever expires: what was deployed once can be deployed again.
    """

    bucket: str
    ready: Sequence[pulumi.Resource]
    """What has to exist before a release is published; nothing if the bucket is a given one."""

    def __init__(self, name: str, args: ArtifactsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:artifacts:Artifacts", name, None, opts)
        self._name = name
        self._args = args
        self.bucket = bucket_of(args.settings, stack=args.stack, account=args.account, region=args.region)
        self.ready = []
        if args.settings.bucket is None:
            own = self._bucket("store", self.bucket, args.region, disposable=args.settings.destroy)
            self.ready = own.ready
            if args.settings.replica:
                self.ready = self._replicate(own, args.settings.replica)
        self.register_outputs({"bucket": self.bucket})

    def requirement(self, *, insisted: bool) -> Requirement | None:
        """Return what a deploy does about a release that is not in the replica; None without a replica."""
        settings = self._args.settings.replica
        if settings is None:
            return None
        bucket = replica_of(settings, stack=self._args.stack, account=self._args.account)
        origin = Store(self.bucket, client("s3", self._args.region))
        return Requirement(
            replica=Replica(Peer(bucket=bucket, region=settings.region), origin=origin),
            origin=origin,
            seconds=settings.wait,
            required=settings.required,
            insisted=insisted,
        )

    def _replicate(self, own: PrivateBucket, settings: ReplicaSettings) -> Sequence[pulumi.Resource]:
        """Declare the replica, and replication both ways; return all that has to exist with the store itself."""
        args = self._args
        bucket = replica_of(settings, stack=args.stack, account=args.account)
        replica = self._bucket("replica", bucket, settings.region, disposable=settings.destroy)
        first = Side(bucket=self.bucket, region=args.region, id=own.id, abroad=False)
        second = Side(bucket=bucket, region=settings.region, id=replica.id, abroad=True)
        replication = Replication(
            f"{self._name}-replication",
            ReplicationArgs(
                stack=args.stack,
                first=first,
                second=second,
                locked=args.settings.object_lock is not None,
                disposable=args.settings.destroy,
                after=[*own.ready, *replica.ready],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return [*own.ready, *replica.ready, *replication.ready]

    def _bucket(self, part: str, bucket: str, region: str, *, disposable: bool) -> PrivateBucket:
        args = self._args
        logs = self._logs_of(part, bucket, region, disposable=disposable) if args.settings.access_logs else None
        return PrivateBucket(
            f"{self._name}-{part}",
            PrivateBucketArgs(
                stack=args.stack,
                region=region,
                bucket=bucket,
                disposable=disposable,
                statements=self._writers(bucket),
                object_lock=args.settings.object_lock,
                abroad=region != args.region,
                logs=logs,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _logs_of(self, part: str, bucket: str, region: str, *, disposable: bool) -> PrivateBucket:
        """Declare the bucket for access logs: S3 delivers them in the region of what they are about, without KMS."""
        args = self._args
        logs = names.store_logs_bucket_name(args.stack, args.account, region)
        delivery = policies.deliver_bucket_logs(
            names.bucket_arn(logs, region), bucket=names.bucket_arn(bucket, region), account=args.account
        )
        return PrivateBucket(
            f"{self._name}-{part}-logs",
            PrivateBucketArgs(
                stack=args.stack,
                region=region,
                bucket=logs,
                disposable=disposable,
                statements=[delivery],
                expire_after=args.log_days,
                expire_versions_after=1,
                kept=logs in args.kept_logs,
                abroad=region != args.region,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _writers(self, bucket: str) -> Sequence[policies.Statement]:
        args = self._args
        roles = (names.role_name(args.stack, fleet, args.region) for fleet in args.fleets)
        partition = names.partition(args.region)
        return policies.store_writers(
            names.bucket_arn(bucket, args.region),
            instances=[f"arn:{partition}:iam::{args.account}:role/{role}" for role in roles],
            publishers=args.settings.publishers,
            deployers=args.settings.deployers,
        )


def bucket_of(settings: ArtifactsSettings, *, stack: str, account: str, region: str) -> str:
    """Return the store's name, which is known before anything is declared."""
    return settings.bucket or names.bucket_name(stack, account, region)


def replica_of(settings: ReplicaSettings, *, stack: str, account: str) -> str:
    """Return the name of the store's replica."""
    return settings.bucket or names.bucket_name(stack, account, settings.region)
