"""Where Pulumi's state is kept: a bucket in each of two regions, each the copy of the other.

A stack's state lies in the bucket of its own region, so that a recovery reads nothing of the region that was lost; what
is left of a region that never comes back is in the other bucket.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from bootstrap import naming
from infra.store.private_bucket import PrivateBucket, PrivateBucketArgs
from infra.store.replication import Replication, ReplicationArgs, Side

VERSIONS_KEPT = 365
"""Days for which a version of the state that was replaced or deleted can be brought back."""


@dataclass(frozen=True, kw_only=True)
class StateArgs:
    account: str
    region: str
    replica: str
    disposable: bool
    """True: emptied and removed with the set-up. False: kept, and so is replication."""


class State(pulumi.ComponentResource):
    """Source: Pulumi's documentation, "Managing state & backend options" (AWS S3)."""

    def __init__(self, name: str, args: StateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:bootstrap:State", name, None, opts)
        sides, ready = list[Side](), list[pulumi.Resource]()
        for region in (args.region, args.replica):
            abroad = region != args.region
            bucket = PrivateBucket(
                f"{name}-{region}",
                PrivateBucketArgs(
                    stack=naming.OWNER,
                    region=region,
                    bucket=naming.state_bucket(args.account, region),
                    disposable=args.disposable,
                    expire_versions_after=VERSIONS_KEPT,
                    abroad=abroad,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            sides.append(Side(bucket=bucket.name, region=region, id=bucket.id, abroad=abroad))
            ready += bucket.ready
        first, second = sides
        Replication(
            f"{name}-replication",
            ReplicationArgs(
                stack=naming.OWNER,
                first=first,
                second=second,
                locked=False,
                deletes=True,  # a lock that was released, a stack that is gone
                disposable=args.disposable,
                after=ready,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"buckets": [side.bucket for side in sides]})
