"""aws.s3.BucketOwnershipControls."""

from sandbox.provider.kit import Client, Props, deleter
from sandbox.provider.resources.s3 import Setting

RESOURCE = Setting(__name__, replace="bucket")
delete = deleter("s3", "delete_bucket_ownership_controls", "Bucket")


def put(s3: Client, bucket: str, inputs: Props) -> None:
    rules = [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": rules})


def get(s3: Client, bucket: str) -> Props:
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}}
