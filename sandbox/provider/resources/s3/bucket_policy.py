"""aws.s3.BucketPolicy."""

from sandbox.provider.kit import Client, Props, deleter
from sandbox.provider.resources.s3 import Setting

RESOURCE = Setting(__name__, "AWS::S3::BucketPolicy", names={"policy": "PolicyDocument"})
delete = deleter("s3", "delete_bucket_policy", "Bucket")


def put(s3: Client, bucket: str, inputs: Props) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])


def get(s3: Client, bucket: str) -> Props:
    return {"policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]}
