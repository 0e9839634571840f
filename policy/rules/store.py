"""Buckets: the store of releases, its replica, and logs.

A bucket that is emptied and removed with its stack (`forceDestroy`) is disposable by declaration: what keeps objects
for ever is not asked of it, nor of one whose objects expire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from policy.resource import UNKNOWN, Json, Resource, Stack, blocks, many, may_be, statements
from policy.rule import Rules
from policy.rules import types

rules = Rules()

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def lasting(bucket: Resource, stack: Stack) -> bool:
    """Return whether what is in a bucket has to be there for ever."""
    if bucket.get("forceDestroy"):
        return False
    return not _any_rule(stack.before(bucket, types.BUCKET_LIFECYCLE, "bucket"), lambda rule: "expiration" in rule)


def _any_rule(found: Sequence[Resource], fits: Callable[[Mapping[str, Json]], bool]) -> bool:
    """Return whether one of the rules of some configurations fits, or can't be seen yet."""
    given = [rule for each in found for rule in many(each.get("rules"))]
    return UNKNOWN in given or any(fits(rule) for rule in blocks(given))


@rules.whole(
    "bucket-public-access",
    "No bucket is public, whatever its policy says",
    types=[types.BUCKET],
    controls=["CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV2_AWS_6", "S3.8"],
    level="mandatory",
    fix="declare an aws.s3.BucketPublicAccessBlock with all four blocks",
)
def public_access(bucket: Resource, stack: Stack) -> Iterator[str]:
    found = stack.before(bucket, types.BUCKET_PUBLIC_ACCESS, "bucket")
    missing = [block for block in _BLOCKS if not any(each.get(block) for each in found)]
    if missing:
        yield f"its public access block lacks {', '.join(missing)}" if found else "it has no public access block"


@rules.whole(
    "bucket-tls",
    "A bucket refuses requests in plain HTTP",
    types=[types.BUCKET],
    controls=["CKV_AWS_379", "S3.5"],
    level="advisory",
    fix='deny s3:* to all in its policy where aws:SecureTransport is "false"',
)
def tls(bucket: Resource, stack: Stack) -> Iterator[str]:
    for policy in stack.before(bucket, types.BUCKET_POLICY, "bucket"):
        document = policy.get("policy")
        if not any(True for _ in statements(document)):
            return  # known only once it is there
        for statement in statements(document):
            if statement.get("Effect") == "Deny" and _without_tls(statement.get("Condition")):
                return
    yield "its policy does not deny requests without TLS"


def _without_tls(condition: Json) -> bool:
    """Return whether a condition is that a request comes without TLS."""
    said = condition.get("Bool") if isinstance(condition, Mapping) else None
    return isinstance(said, Mapping) and str(said.get("aws:SecureTransport")).lower() == "false"


@rules.whole(
    "bucket-encrypted",
    "A bucket says how it encrypts",
    types=[types.BUCKET],
    controls=["CKV_AWS_19"],
    level="advisory",
    fix="declare an aws.s3.BucketServerSideEncryptionConfiguration for it",
)
def encrypted(bucket: Resource, stack: Stack) -> Iterator[str]:
    found = stack.before(bucket, types.BUCKET_ENCRYPTION, "bucket")
    if not _any_rule(found, lambda rule: bool(rule.get("applyServerSideEncryptionByDefault"))):
        yield "no default encryption is declared"


@rules.whole(
    "bucket-versioned",
    "A bucket keeps what is overwritten or deleted",
    types=[types.BUCKET],
    controls=["CKV_AWS_21"],
    level="mandatory",
    fix='declare an aws.s3.BucketVersioning for it with the status "Enabled"',
)
def versioned(bucket: Resource, stack: Stack) -> Iterator[str]:
    found = stack.before(bucket, types.BUCKET_VERSIONING, "bucket")
    if not any(may_be(each.get("versioningConfiguration.status"), "Enabled") for each in found):
        yield "it has no versions, so an overwritten release is lost"


@rules.whole(
    "bucket-lifecycle",
    "A bucket ends uploads that were not completed",
    types=[types.BUCKET],
    controls=["CKV2_AWS_61", "CKV_AWS_300", "S3.13"],
    level="advisory",
    fix="declare an aws.s3.BucketLifecycleConfiguration with abortIncompleteMultipartUpload",
)
def lifecycle(bucket: Resource, stack: Stack) -> Iterator[str]:
    def aborts(rule: Mapping[str, Json]) -> bool:
        return may_be(rule.get("status"), "Enabled") and bool(rule.get("abortIncompleteMultipartUpload"))

    if not _any_rule(stack.before(bucket, types.BUCKET_LIFECYCLE, "bucket"), aborts):
        yield "parts of broken uploads stay, and are paid for"


@rules.whole(
    "bucket-replicated",
    "What has to last is in a second region too",
    types=[types.BUCKET],
    controls=["CKV_AWS_144", "S3.7"],
    level="advisory",
    fix="set artifacts.replica.region (BucketReplicationConfig)",
)
def replicated(bucket: Resource, stack: Stack) -> Iterator[str]:
    if not lasting(bucket, stack):
        return
    found = stack.before(bucket, types.BUCKET_REPLICATION, "bucket")
    if not _any_rule(found, lambda rule: may_be(rule.get("status"), "Enabled")):
        yield "it is lost with its region"


@rules.whole(
    "bucket-object-lock",
    "What has to last can't be removed by anybody for a while",
    types=[types.BUCKET],
    controls=["CKV_AWS_143"],
    level="advisory",
    fix="set artifacts.objectLock (BucketObjectLockConfiguration)",
)
def object_lock(bucket: Resource, stack: Stack) -> Iterator[str]:
    if bucket.get("objectLockEnabled") or not lasting(bucket, stack):
        return
    for found in stack.before(bucket, types.BUCKET_OBJECT_LOCK, "bucket"):
        if found.get("rule.defaultRetention.mode"):
            return
    yield "who may delete versions here can delete all there is"


@rules.whole(
    "bucket-access-logging",
    "Who read or changed what has to last is logged",
    types=[types.BUCKET],
    controls=["CKV_AWS_18", "S3.9"],
    level="advisory",
    fix="set artifacts.accessLogs to true (BucketLogging)",
)
def access_logging(bucket: Resource, stack: Stack) -> Iterator[str]:
    """Of buckets that logs are in, which expire, no logs are asked: each entry would make the next."""
    if lasting(bucket, stack) and not stack.before(bucket, types.BUCKET_LOGGING, "bucket"):
        yield "nothing says who read or changed what is in it"


@rules.whole(
    "bucket-acls",
    "Access to a bucket is by policy alone",
    types=[types.BUCKET],
    controls=["CKV2_AWS_65", "S3.12"],
    level="advisory",
    fix="declare aws.s3.BucketOwnershipControls with BucketOwnerEnforced",
)
def acls(bucket: Resource, stack: Stack) -> Iterator[str]:
    found = stack.before(bucket, types.BUCKET_OWNERSHIP, "bucket")
    if not any(may_be(each.get("rule.objectOwnership"), "BucketOwnerEnforced") for each in found):
        yield "access control lists may open it"
