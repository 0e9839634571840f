"""aws.s3: Bucket. What has a resource type of its own (versioning, encryption, policy, …) is not a property here."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from sandbox.provider.call import Call, Client
from sandbox.provider.errors import is_gone
from sandbox.provider.resources.translate import tag_list, tag_map
from sandbox.provider.schema import TAGS, Autoname, Props, Resource, flag, text

_BATCH = 1000  # what DeleteObjects takes


def _create(call: Call, props: Props) -> str:
    name = str(props["bucket"])
    parameters: dict[str, Any] = {"Bucket": name}
    if call.region != "us-east-1":
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": call.region}
    if props.get("objectLockEnabled"):
        parameters["ObjectLockEnabledForBucket"] = True
    if _exists(call, name):
        # S3 itself says yes, in us-east-1, to whoever creates a bucket that is theirs already.
        raise _taken(name)
    call.client("s3").create_bucket(**parameters)
    call.created(name)
    _set_tags(call, name, props)
    return name


def _exists(call: Call, name: str) -> bool:
    try:
        call.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        if is_gone(error):
            return False
        raise
    return True


def _taken(name: str) -> ClientError:
    details = {
        "Code": "BucketAlreadyOwnedByYou",
        "Message": f"bucket {name} exists already; import it or take another",
    }
    return ClientError({"Error": details}, "CreateBucket")


def _set_tags(call: Call, name: str, props: Props) -> None:
    if props.get("tags"):
        call.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(props["tags"])})
    else:
        call.client("s3").delete_bucket_tagging(Bucket=name)


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "tags" in changed:
        _set_tags(call, id_, new)


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    s3 = call.client("s3")
    s3.head_bucket(Bucket=id_)
    region = s3.get_bucket_location(Bucket=id_).get("LocationConstraint") or "us-east-1"
    return {
        "bucket": id_,
        "objectLockEnabled": _object_lock(s3, id_),
        "tags": _tags(s3, id_),
        "arn": f"arn:aws:s3:::{id_}",
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{id_}.s3.{region}.amazonaws.com",
        "bucketRegion": region,
    }


def _tags(s3: Client, name: str) -> dict[str, str]:
    try:
        return tag_map(s3.get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if is_gone(error):  # NoSuchTagSet
            return {}
        raise


def _object_lock(s3: Client, name: str) -> bool:
    try:
        reply = s3.get_object_lock_configuration(Bucket=name)
    except ClientError as error:
        if is_gone(error):
            return False
        raise
    return reply["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"


def _delete(call: Call, id_: str, state: Props) -> None:
    if state.get("forceDestroy"):
        empty(call.client("s3"), id_)
    call.client("s3").delete_bucket(Bucket=id_)


def empty(s3: Client, bucket: str) -> None:
    """Delete every version of every object, every delete marker and every unfinished upload."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found]
        for i in range(0, len(keys), _BATCH):
            s3.delete_objects(
                Bucket=bucket,
                Delete={"Objects": keys[i : i + _BATCH], "Quiet": True},
                BypassGovernanceRetention=True,
            )
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


RESOURCES = (
    Resource(
        type="aws:s3/bucket:Bucket",
        cfn="AWS::S3::Bucket",
        fields={
            "bucket": text(replace=True, computed=True, aws="BucketName"),
            "bucketPrefix": text(replace=True),
            "forceDestroy": flag(default=False),
            "objectLockEnabled": flag(computed=True, replace=True),
            "tags": TAGS,
        },
        outputs=("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "tagsAll"),
        autoname=Autoname(field="bucket", prefix="bucketPrefix", length=56, lower=True),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
