"""A private bucket: versioned, encrypted, closed to the public and to plain HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.permissions import policies
from infra.settings.stack import ObjectLockSettings
from release import names


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    stack: str
    region: str
    """Where the bucket lies."""
    bucket: str
    disposable: bool
    """True: emptied and removed with the stack. False: kept when the stack is destroyed."""
    statements: Sequence[policies.Statement] = ()
    expire_after: int | None = None
    """Days after which an object is removed, or None: never."""
    expire_versions_after: int | None = None
    """Days after which a version that was replaced or deleted is removed, or None: never."""
    object_lock: ObjectLockSettings | None = None
    """For how long no version may be removed."""
    kept: bool = False
    """Whether it is there already, kept when the stack was removed: it is taken over instead of made."""
    abroad: bool = False
    """Whether the bucket lies in another region than the stack."""
    logs: PrivateBucket | None = None
    """The bucket that takes its access logs, in the same region."""


class PrivateBucket(pulumi.ComponentResource):
    """Encrypted with S3's own keys (AES-256): a KMS key of one region would be one more thing to fail without.

    Source: S3 user guide, "Security best practices".
    """

    name: str
    id: pulumi.Output[str]
    """The name, once the bucket is there."""
    ready: list[pulumi.Resource]
    """What has to exist before something is written."""

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:bucket:PrivateBucket", name, None, opts)
        self._name = name
        self._args = args
        # Said only where it differs from the provider's: a stack that was made before has no such input.
        self._region = args.region if args.abroad else None
        self.name = args.bucket
        self._bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=args.bucket,
            force_destroy=args.disposable,
            tags=names.tags(args.stack),
            region=self._region,
            opts=pulumi.ResourceOptions.merge(self._child(), self._taken_over()),
        )
        self.id = self._bucket.id
        self.ready = [self._bucket, *self._closed(), *self._kept(), *self._logged()]
        self.register_outputs({"bucket": self._bucket.bucket})

    def _closed(self) -> list[pulumi.Resource]:
        access = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=self._bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=self._region,
            opts=self._child(),
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self._bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            region=self._region,
            opts=self._child(),
        )
        document = policies.bucket(names.bucket_arn(self._args.bucket, self._args.region), self._args.statements)
        # S3 refuses to change a bucket's policy and its public access block at the same time.
        policy = aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self._bucket.id,
            policy=pulumi.Output.json_dumps(document),
            region=self._region,
            opts=self._child(depends_on=[access]),
        )
        return [access, ownership, policy]

    def _kept(self) -> list[pulumi.Resource]:
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self._bucket.id,
            versioning_configuration={"status": "Enabled"},
            region=self._region,
            opts=self._child(),
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self._bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            region=self._region,
            opts=self._child(),
        )
        # Rules about versions need versioning.
        lifecycle = aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self._bucket.id,
            rules=self._rules(),
            region=self._region,
            opts=self._child(depends_on=[versioning]),
        )
        return [versioning, encryption, lifecycle, *self._locked(versioning)]

    def _locked(self, versioning: pulumi.Resource) -> list[pulumi.Resource]:
        """Declare the lock. S3 also takes it for an existing bucket, once that has versions."""
        lock = self._args.object_lock
        if lock is None:
            return []
        return [
            aws.s3.BucketObjectLockConfiguration(
                f"{self._name}-object-lock",
                bucket=self._bucket.id,
                rule={"default_retention": {"mode": lock.mode.upper(), "days": lock.days}},
                region=self._region,
                opts=self._child(depends_on=[versioning]),
            )
        ]

    def _logged(self) -> list[pulumi.Resource]:
        """Have access logged. S3 looks whether it may write to the other bucket, and refuses it otherwise."""
        logs = self._args.logs
        if logs is None:
            return []
        return [
            aws.s3.BucketLogging(
                f"{self._name}-logging",
                bucket=self._bucket.id,
                target_bucket=logs.id,
                target_prefix=f"{self._args.bucket}/",
                region=self._region,
                opts=self._child(depends_on=logs.ready),
            )
        ]

    def _rules(self) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
        def rule(name: str) -> aws.s3.BucketLifecycleConfigurationRuleArgsDict:
            return {"id": name, "status": "Enabled", "filter": {"prefix": ""}}

        rules = [rule("abort-uploads")]
        rules[0]["abort_incomplete_multipart_upload"] = {"days_after_initiation": 1}
        if self._args.expire_after is not None:
            rules.append(rule("expire"))
            rules[-1]["expiration"] = {"days": self._args.expire_after}
        if self._args.expire_versions_after is not None:
            rules.append(rule("expire-versions"))
            rules[-1]["noncurrent_version_expiration"] = {"noncurrent_days": self._args.expire_versions_after}
        return rules

    def _taken_over(self) -> pulumi.ResourceOptions | None:
        """Return what imports the bucket. Once it is in the state, that has no effect.

        No property of a bucket says what forceDestroy was: to import it would find a difference, and fail.
        """
        if not self._args.kept:
            return None
        return pulumi.ResourceOptions(import_=self._args.bucket, ignore_changes=["forceDestroy"])

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return a part's options. A bucket that outlives the stack keeps its protection: all parts, or none."""
        return pulumi.ResourceOptions(
            parent=self, depends_on=list(depends_on), retain_on_delete=not self._args.disposable
        )
