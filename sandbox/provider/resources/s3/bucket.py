"""aws.s3.Bucket. What has a resource type of its own (versioning, encryption, policy, …) is not a property here."""

from botocore.exceptions import ClientError

from sandbox.provider.kit import Autoname, Call, Client, Props, Resource, if_there, tag_list, tag_map

RESOURCE = Resource(
    __name__,
    "AWS::S3::Bucket",
    autoname=Autoname(field="bucket", prefix="bucketPrefix", length=56, lower=True),
    unserved="accelerationStatus acl bucketNamespace corsRules grants lifecycleRules logging objectLockConfiguration"
    " policy replicationConfiguration requestPayer serverSideEncryptionConfiguration versioning website",
    replace="objectLockEnabled",
    off="forceDestroy",
    names={"bucket": "BucketName"},
)
_BATCH = 1000  # what DeleteObjects takes


def create(call: Call, inputs: Props) -> str:
    name, s3 = str(inputs["bucket"]), call.client("s3")
    parameters: Props = {"Bucket": name}
    if call.region != "us-east-1":
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": call.region}
    if inputs.get("objectLockEnabled"):
        parameters["ObjectLockEnabledForBucket"] = True
    if _exists(s3, name):
        # S3 itself says yes, in us-east-1, to whoever creates a bucket that is theirs already.
        raise _taken(name)
    s3.create_bucket(**parameters)
    call.created(name)
    _set_tags(call, name, inputs)
    return name


def _exists(s3: Client, name: str) -> bool:
    """Return whether the bucket is there, in whatever region."""
    try:
        return if_there(lambda: s3.head_bucket(Bucket=name)) is not None
    except ClientError as error:
        if "x-amz-bucket-region" in error.response["ResponseMetadata"]["HTTPHeaders"]:
            return True
        raise


def _taken(name: str) -> ClientError:
    message = f"bucket {name} exists already; import it or take another"
    return ClientError({"Error": {"Code": "BucketAlreadyOwnedByYou", "Message": message}}, "CreateBucket")


def _set_tags(call: Call, name: str, inputs: Props) -> None:
    if inputs.get("tags"):
        call.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(inputs["tags"])})
    else:
        call.client("s3").delete_bucket_tagging(Bucket=name)


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "tags" in changed:
        _set_tags(call, id_, new)


def read(call: Call, id_: str, prior: Props) -> Props:
    s3 = call.client("s3")
    s3.head_bucket(Bucket=id_)
    region = s3.get_bucket_location(Bucket=id_).get("LocationConstraint") or "us-east-1"
    tags = if_there(lambda: s3.get_bucket_tagging(Bucket=id_)) or {}  # NoSuchTagSet
    lock = if_there(lambda: s3.get_object_lock_configuration(Bucket=id_)) or {}
    return {
        "bucket": id_,
        "objectLockEnabled": lock.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled",
        "tags": tag_map(tags.get("TagSet")),
        "arn": f"arn:aws:s3:::{id_}",
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{id_}.s3.{region}.amazonaws.com",
        "bucketRegion": region,
    }


def delete(call: Call, id_: str, state: Props) -> None:
    if state.get("forceDestroy"):
        _empty(call.client("s3"), id_)
    call.client("s3").delete_bucket(Bucket=id_)


def _empty(s3: Client, bucket: str) -> None:
    """Delete every version of every object, every delete marker and every unfinished upload."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in found]
        for i in range(0, len(keys), _BATCH):
            batch = {"Objects": keys[i : i + _BATCH], "Quiet": True}
            s3.delete_objects(Bucket=bucket, Delete=batch, BypassGovernanceRetention=True)
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
