"""aws.s3.BucketLifecycleConfiguration."""

from sandbox.provider.kit import Client, Props, deleter
from sandbox.provider.resources.s3 import Setting

RESOURCE = Setting(
    __name__,
    unserved="rules.prefix timeouts",
    computed="rules.filter",
    given="expectedBucketOwner",
    required="rules",
    replace="bucket expectedBucketOwner",
    ordered="rules",
    names={"rules.id": "ID"},
)
delete = deleter("s3", "delete_bucket_lifecycle", "Bucket")


def put(s3: Client, bucket: str, inputs: Props) -> None:
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": RESOURCE.rules(inputs)},
        **RESOURCE.to_aws(inputs, "transitionDefaultMinimumObjectSize"),
    )


def get(s3: Client, bucket: str) -> Props:
    reply = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    told = ["rules", *(["transitionDefaultMinimumObjectSize"] if "TransitionDefaultMinimumObjectSize" in reply else [])]
    return RESOURCE.from_aws(reply, *told)
