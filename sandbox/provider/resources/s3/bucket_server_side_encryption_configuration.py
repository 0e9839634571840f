"""aws.s3.BucketServerSideEncryptionConfiguration."""

from sandbox.provider.kit import Client, Props, deleter
from sandbox.provider.resources.s3 import Setting

RESOURCE = Setting(
    __name__,
    unserved="rules.blockedEncryptionTypes",
    replace="bucket expectedBucketOwner",
    names={"*.sseAlgorithm": "SSEAlgorithm", "*.kmsMasterKeyId": "KMSMasterKeyID"},
)
delete = deleter("s3", "delete_bucket_encryption", "Bucket")


def put(s3: Client, bucket: str, inputs: Props) -> None:
    rules = RESOURCE.to_aws(inputs, "rules")
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)


def get(s3: Client, bucket: str) -> Props:
    reply = s3.get_bucket_encryption(Bucket=bucket)
    return RESOURCE.from_aws(reply["ServerSideEncryptionConfiguration"], "rules")
