"""Replication between the two buckets of a store, both ways.

What is released in the second region during an outage of the first comes back by it. S3 does not replicate what is
itself a replica, so that the two rules don't chase each other. Delete markers are not replicated unless that is asked
for: what is removed in one region stays in the other. Sources: S3 user guide, "Replicating objects within and across
Regions", and, for the role, "Setting up permissions for live replication" and "Configuring an IAM role for S3 Batch
Replication".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.permissions import policies
from release import names

SERVICES = ("s3.amazonaws.com", "batchoperations.s3.amazonaws.com")
"""Who takes on the role: live replication, and the batches that bring over what is older."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two buckets; `abroad` if it lies in another region than the stack."""

    bucket: str
    region: str
    id: pulumi.Input[str]
    abroad: bool


@dataclass(frozen=True, kw_only=True)
class ReplicationArgs:
    stack: str
    first: Side
    second: Side
    locked: bool
    """Whether the buckets have an object lock, whose retention is replicated too."""
    disposable: bool
    """False: replication goes on after the stack is destroyed, as both buckets stay."""
    deletes: bool = False
    """Whether what is deleted in one region is in the other too; its versions stay in any case."""
    after: Sequence[pulumi.Resource]
    """What has to exist before: S3 refuses to replicate buckets without versions."""


class Replication(pulumi.ComponentResource):
    """A rule on each bucket that copies everything to the other, and the role by which S3 does it."""

    ready: Sequence[pulumi.Resource]
    """What has to exist before an object that is put is replicated."""

    def __init__(self, name: str, args: ReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:artifacts:Replication", name, None, opts)
        self._name = name
        self._args = args
        role, policy = self._role()
        after = [*args.after, policy]
        rules = [
            self._replicate("there", args.first, args.second, role, after),
            self._replicate("back", args.second, args.first, role, after),
        ]
        self.ready = [role, policy, *rules]
        self.register_outputs({"role": role.arn})

    def _role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        args = self._args
        role = aws.iam.Role(
            f"{self._name}-role",
            name=names.replication_role_name(args.stack, args.first.region),
            assume_role_policy=pulumi.Output.json_dumps(policies.assumed_by(*SERVICES)),
            tags=names.tags(args.stack),
            opts=self._child(),
        )
        arns = [names.bucket_arn(side.bucket, side.region) for side in (args.first, args.second)]
        policy = aws.iam.RolePolicy(
            f"{self._name}-policy",
            name="replicate",
            role=role.name,
            policy=pulumi.Output.json_dumps(policies.replication(arns, locked=args.locked, deletes=args.deletes)),
            opts=self._child(),
        )
        return role, policy

    def _replicate(
        self, name: str, source: Side, target: Side, role: aws.iam.Role, after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        return aws.s3.BucketReplicationConfig(
            f"{self._name}-{name}",
            bucket=source.id,
            role=role.arn,
            rules=[
                {
                    "id": names.replication_rule(target.region),
                    "priority": 1,
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Enabled" if self._args.deletes else "Disabled"},
                    "destination": {
                        "bucket": names.bucket_arn(target.bucket, target.region),
                        "metrics": {"status": "Enabled"},
                    },
                }
            ],
            region=source.region if source.abroad else None,
            opts=self._child(after),
        )

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, depends_on=list(depends_on), retain_on_delete=not self._args.disposable
        )
