"""aws.s3.BucketLogging."""

from sandbox.provider.kit import Call, Client, Gone, Props
from sandbox.provider.resources.s3 import Setting

RESOURCE = Setting(
    __name__,
    unserved="targetGrants targetObjectKeyFormat",
    replace="bucket expectedBucketOwner",
)


def put(s3: Client, bucket: str, inputs: Props) -> None:
    target = RESOURCE.to_aws(inputs, "targetBucket", "targetPrefix")
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": target})


def get(s3: Client, bucket: str) -> Props:
    found = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
    if not found:
        raise Gone
    return RESOURCE.from_aws(found, "targetBucket", "targetPrefix")


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("s3").put_bucket_logging(Bucket=id_, BucketLoggingStatus={})
