"""aws.s3: BucketLifecycleConfiguration and BucketReplicationConfig."""

from __future__ import annotations

from typing import Any

from sandbox.provider.call import Client
from sandbox.provider.resources.s3_settings import BUCKET, OWNER, bucket_setting
from sandbox.provider.resources.translate import from_aws, to_aws
from sandbox.provider.schema import TAGS, Field, Props, block, flag, items, number, text, unordered

_TAG = {"key": text(required=True), "value": text(required=True)}
_TRANSITION = {"date": text(), "days": number(), "storageClass": text(required=True)}
_NONCURRENT = {"newerNoncurrentVersions": number(), "noncurrentDays": number(required=True)}
_SIZES = {"objectSizeGreaterThan": number(), "objectSizeLessThan": number()}
_LIFECYCLE_FILTER = {
    "and": block({"prefix": text(), "tags": TAGS, **_SIZES}),
    "prefix": text(),
    "tag": block(_TAG),
    **_SIZES,
}
_LIFECYCLE: dict[str, Field] = {
    "bucket": BUCKET,
    "expectedBucketOwner": OWNER,
    "rules": items(
        block(
            {
                "id": text(required=True, aws="ID"),
                "status": text(required=True),
                "filter": block(_LIFECYCLE_FILTER, computed=True),
                "abortIncompleteMultipartUpload": block({"daysAfterInitiation": number()}),
                "expiration": block({"date": text(), "days": number(), "expiredObjectDeleteMarker": flag()}),
                "noncurrentVersionExpiration": block(_NONCURRENT),
                "noncurrentVersionTransitions": unordered(block({**_NONCURRENT, "storageClass": text(required=True)})),
                "transitions": unordered(block(_TRANSITION)),
            }
        ),
        required=True,
    ),
    "transitionDefaultMinimumObjectSize": text(computed=True),
}
_STATUS = {"status": text(required=True)}
_MINUTES = {"minutes": number(required=True)}
_REPLICATION_FILTER = {"and": block({"prefix": text(), "tags": TAGS}), "prefix": text(), "tag": block(_TAG)}
_DESTINATION = {
    "bucket": text(required=True),
    "account": text(),
    "storageClass": text(),
    "accessControlTranslation": block({"owner": text(required=True)}),
    "encryptionConfiguration": block({"replicaKmsKeyId": text(required=True, aws="ReplicaKmsKeyID")}),
    "metrics": block({**_STATUS, "eventThreshold": block(_MINUTES)}),
    "replicationTime": block({**_STATUS, "time": block(_MINUTES, required=True)}),
}
_REPLICATION: dict[str, Field] = {
    "bucket": BUCKET,
    "role": text(required=True),
    "rules": items(
        block(
            {
                "id": text(computed=True, aws="ID"),
                "status": text(required=True),
                "priority": number(),
                "filter": block(_REPLICATION_FILTER, computed=True),
                "destination": block(_DESTINATION, required=True),
                "deleteMarkerReplication": block(_STATUS),
                "existingObjectReplication": block(_STATUS),
                "sourceSelectionCriteria": block(
                    {"replicaModifications": block(_STATUS), "sseKmsEncryptedObjects": block(_STATUS)}
                ),
            }
        ),
        required=True,
    ),
}


def _rules(fields: dict[str, Field], props: Props) -> list[dict[str, Any]]:
    """A rule without a filter is one for every object; the API wants that said."""
    rules: list[dict[str, Any]] = to_aws(fields, props, "rules")["Rules"]
    return [{**rule, "Filter": rule.get("Filter") or {"Prefix": ""}} for rule in rules]


def _put_lifecycle(s3: Client, bucket: str, props: Props) -> None:
    size = props.get("transitionDefaultMinimumObjectSize")
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": _rules(_LIFECYCLE, props)},
        **({"TransitionDefaultMinimumObjectSize": size} if size else {}),
    )


def _get_lifecycle(s3: Client, bucket: str) -> Props:
    reply = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    reading = from_aws(_LIFECYCLE, reply, "rules")
    if reply.get("TransitionDefaultMinimumObjectSize"):
        reading["transitionDefaultMinimumObjectSize"] = reply["TransitionDefaultMinimumObjectSize"]
    return reading


def _end_lifecycle(s3: Client, bucket: str, state: Props) -> None:
    s3.delete_bucket_lifecycle(Bucket=bucket)


def _put_replication(s3: Client, bucket: str, props: Props) -> None:
    configuration = {"Role": props["role"], "Rules": _rules(_REPLICATION, props)}
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)


def _get_replication(s3: Client, bucket: str) -> Props:
    reply = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    return from_aws(_REPLICATION, reply, "role", "rules")


def _end_replication(s3: Client, bucket: str, state: Props) -> None:
    s3.delete_bucket_replication(Bucket=bucket)


RESOURCES = (
    bucket_setting(
        "BucketLifecycleConfiguration", _LIFECYCLE, put=_put_lifecycle, get=_get_lifecycle, end=_end_lifecycle
    ),
    bucket_setting(
        "BucketReplicationConfig", _REPLICATION, put=_put_replication, get=_get_replication, end=_end_replication
    ),
)
