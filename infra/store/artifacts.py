"""The store: the bucket with every release there ever was, and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.permissions import policies
from infra.settings.stack import ArtifactsSettings
from infra.store.private_bucket import PrivateBucket, PrivateBucketArgs
from release import names


@dataclass(frozen=True, kw_only=True)
class ArtifactsArgs:
    stack: str
    region: str
    account: str
    settings: ArtifactsSettings
    fleets: Sequence[str] = ()
    """Names of the fleets: the roles of their instances may write nothing here."""


class Artifacts(pulumi.ComponentResource):
    """The stack's own bucket, or a given one that is used as it is.

    No object and no old version ever expires: what was deployed once can be deployed again.
    """

    bucket: str
    ready: Sequence[pulumi.Resource]
    """What has to exist before a release is published; nothing if the bucket is a given one."""

    def __init__(self, name: str, args: ArtifactsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:artifacts:Artifacts", name, None, opts)
        self.bucket = bucket_of(args.settings, stack=args.stack, account=args.account, region=args.region)
        self.ready = []
        if args.settings.bucket is None:
            own = PrivateBucket(
                f"{name}-store",
                PrivateBucketArgs(
                    stack=args.stack,
                    region=args.region,
                    bucket=self.bucket,
                    disposable=args.settings.destroy,
                    statements=self._writers(args),
                    object_lock=args.settings.object_lock,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            self.ready = own.ready
        self.register_outputs({"bucket": self.bucket})

    def _writers(self, args: ArtifactsArgs) -> Sequence[policies.Statement]:
        roles = (names.role_name(args.stack, fleet, args.region) for fleet in args.fleets)
        partition = names.partition(args.region)
        return policies.store_writers(
            names.bucket_arn(self.bucket, args.region),
            instances=[f"arn:{partition}:iam::{args.account}:role/{role}" for role in roles],
            publishers=args.settings.publishers,
            deployers=args.settings.deployers,
        )


def bucket_of(settings: ArtifactsSettings, *, stack: str, account: str, region: str) -> str:
    """Return the store's name, which is known before anything is declared."""
    return settings.bucket or names.bucket_name(stack, account, region)
