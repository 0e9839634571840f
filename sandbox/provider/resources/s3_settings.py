"""aws.s3: what is set on a bucket: versioning, encryption, public access, ownership, policy, object lock.

The id of each is the bucket's name; putting it again is how it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.provider.call import Call, Client
from sandbox.provider.resources.translate import from_aws, to_aws
from sandbox.provider.schema import Field, Props, Resource, block, flag, json_text, number, text, unordered

BUCKET = text(required=True, replace=True)
OWNER = text(replace=True)
_PUBLIC_ACCESS: dict[str, Field] = {
    "bucket": BUCKET,
    "blockPublicAcls": flag(default=False),
    "blockPublicPolicy": flag(default=False),
    "ignorePublicAcls": flag(default=False),
    "restrictPublicBuckets": flag(default=False),
    "skipDestroy": flag(default=False),
}
_FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_VERSIONING: dict[str, Field] = {
    "bucket": BUCKET,
    "expectedBucketOwner": OWNER,
    "versioningConfiguration": block({"status": text(required=True)}, required=True),
}
_BY_DEFAULT = {"sseAlgorithm": text(required=True, aws="SSEAlgorithm"), "kmsMasterKeyId": text(aws="KMSMasterKeyID")}
_ENCRYPTION: dict[str, Field] = {
    "bucket": BUCKET,
    "expectedBucketOwner": OWNER,
    "rules": unordered(
        block({"applyServerSideEncryptionByDefault": block(_BY_DEFAULT), "bucketKeyEnabled": flag()}), required=True
    ),
}
_OWNERSHIP: dict[str, Field] = {
    "bucket": BUCKET,
    "rule": block({"objectOwnership": text(required=True)}, required=True),
}
_POLICY: dict[str, Field] = {"bucket": BUCKET, "policy": json_text(required=True, aws="PolicyDocument")}

_OBJECT_LOCK: dict[str, Field] = {
    "bucket": BUCKET,
    "expectedBucketOwner": OWNER,
    "objectLockEnabled": text(default="Enabled", replace=True),
    "rule": block({"defaultRetention": block({"mode": text(), "days": number(), "years": number()}, required=True)}),
    "token": text(secret=True),
}


def _put_versioning(s3: Client, bucket: str, props: Props) -> None:
    status = props["versioningConfiguration"]["status"]
    if status != "Disabled":  # a bucket that never had versions: the API has no word for setting that
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def _get_versioning(s3: Client, bucket: str) -> Props:
    status = s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
    return {"versioningConfiguration": {"status": status}}


def _end_versioning(s3: Client, bucket: str, state: Props) -> None:
    if state["versioningConfiguration"]["status"] == "Enabled":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def _put_encryption(s3: Client, bucket: str, props: Props) -> None:
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=to_aws(_ENCRYPTION, props, "rules"))


def _get_encryption(s3: Client, bucket: str) -> Props:
    reply = s3.get_bucket_encryption(Bucket=bucket)
    return from_aws(_ENCRYPTION, reply["ServerSideEncryptionConfiguration"], "rules")


def _end_encryption(s3: Client, bucket: str, state: Props) -> None:
    s3.delete_bucket_encryption(Bucket=bucket)


def _put_public_access(s3: Client, bucket: str, props: Props) -> None:
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=to_aws(_PUBLIC_ACCESS, props, *_FLAGS))


def _get_public_access(s3: Client, bucket: str) -> Props:
    reply = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return from_aws(_PUBLIC_ACCESS, reply, *_FLAGS)


def _end_public_access(s3: Client, bucket: str, state: Props) -> None:
    if not state.get("skipDestroy"):
        s3.delete_public_access_block(Bucket=bucket)


def _put_ownership(s3: Client, bucket: str, props: Props) -> None:
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": props["rule"]["objectOwnership"]}]}
    )


def _get_ownership(s3: Client, bucket: str) -> Props:
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}}


def _end_ownership(s3: Client, bucket: str, state: Props) -> None:
    s3.delete_bucket_ownership_controls(Bucket=bucket)


def _put_policy(s3: Client, bucket: str, props: Props) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=props["policy"])


def _get_policy(s3: Client, bucket: str) -> Props:
    return {"policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]}


def _end_policy(s3: Client, bucket: str, state: Props) -> None:
    s3.delete_bucket_policy(Bucket=bucket)


def _put_object_lock(s3: Client, bucket: str, props: Props) -> None:
    configuration = to_aws(_OBJECT_LOCK, props, "objectLockEnabled", "rule")
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)


def _get_object_lock(s3: Client, bucket: str) -> Props:
    reply = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    if "Rule" in reply:  # moto also tells of the unit that is not used, as 0
        default = {key: value for key, value in reply["Rule"]["DefaultRetention"].items() if value}
        reply = {**reply, "Rule": {"DefaultRetention": default}}
    return from_aws(_OBJECT_LOCK, reply, "objectLockEnabled", "rule")


def _end_object_lock(s3: Client, bucket: str, state: Props) -> None:
    """What is new is locked no longer; that a bucket can lock is for ever."""
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


def bucket_setting(
    type_: str,
    fields: dict[str, Field],
    *,
    put: Callable[[Client, str, Props], Any],
    get: Callable[[Client, str], Props],
    end: Callable[[Client, str, Props], Any],
    cfn: str = "",
) -> Resource:
    """A resource type for one setting of a bucket, from how it is put, got and taken back."""

    def create(call: Call, props: Props) -> str:
        put(call.client("s3"), props["bucket"], props)
        return str(props["bucket"])

    def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
        put(call.client("s3"), id_, new)

    def read(call: Call, id_: str, prior: Props) -> Props | None:
        return {"bucket": id_, **get(call.client("s3"), id_)}

    def delete(call: Call, id_: str, state: Props) -> None:
        end(call.client("s3"), id_, state)

    name = type_[0].lower() + type_[1:]
    return Resource(
        type=f"aws:s3/{name}:{type_}", cfn=cfn, fields=fields, create=create, read=read, update=update, delete=delete
    )


RESOURCES = (
    bucket_setting("BucketVersioning", _VERSIONING, put=_put_versioning, get=_get_versioning, end=_end_versioning),
    bucket_setting(
        "BucketServerSideEncryptionConfiguration",
        _ENCRYPTION,
        put=_put_encryption,
        get=_get_encryption,
        end=_end_encryption,
    ),
    bucket_setting(
        "BucketPublicAccessBlock",
        _PUBLIC_ACCESS,
        put=_put_public_access,
        get=_get_public_access,
        end=_end_public_access,
    ),
    bucket_setting("BucketOwnershipControls", _OWNERSHIP, put=_put_ownership, get=_get_ownership, end=_end_ownership),
    bucket_setting(
        "BucketPolicy", _POLICY, put=_put_policy, get=_get_policy, end=_end_policy, cfn="AWS::S3::BucketPolicy"
    ),
    bucket_setting(
        "BucketObjectLockConfiguration",
        _OBJECT_LOCK,
        put=_put_object_lock,
        get=_get_object_lock,
        end=_end_object_lock,
    ),
)
