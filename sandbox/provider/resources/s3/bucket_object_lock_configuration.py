"""aws.s3.BucketObjectLockConfiguration."""

from sandbox.provider.kit import Call, Client, Props
from sandbox.provider.resources.s3 import Setting

RESOURCE = Setting(
    __name__,
    replace="bucket expectedBucketOwner objectLockEnabled",
    secret="token",  # noqa: S106
    defaults={"objectLockEnabled": "Enabled"},
)


def put(s3: Client, bucket: str, inputs: Props) -> None:
    configuration = RESOURCE.to_aws(inputs, "objectLockEnabled", "rule")
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)


def get(s3: Client, bucket: str) -> Props:
    reply = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    if "Rule" in reply:  # moto gives Days and Years, the unused one as 0; S3 gives the one that was put:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html
        default = {key: value for key, value in reply["Rule"]["DefaultRetention"].items() if value}
        reply = {**reply, "Rule": {"DefaultRetention": default}}
    return RESOURCE.from_aws(reply, "objectLockEnabled", "rule")


def delete(call: Call, id_: str, state: Props) -> None:
    """Stop locking new objects; that a bucket can lock is for ever."""
    configuration = {"ObjectLockEnabled": "Enabled"}
    call.client("s3").put_object_lock_configuration(Bucket=id_, ObjectLockConfiguration=configuration)
