"""aws.s3.BucketVersioning."""

from sandbox.provider.kit import Call, Client, Props
from sandbox.provider.resources.s3 import Setting

RESOURCE = Setting(__name__, unserved="*.mfaDelete mfa", replace="bucket expectedBucketOwner")


def put(s3: Client, bucket: str, inputs: Props) -> None:
    status = inputs["versioningConfiguration"]["status"]
    if status != "Disabled":  # a bucket that never had versions: the API has no word for setting that
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def get(s3: Client, bucket: str) -> Props:
    status = s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
    return {"versioningConfiguration": {"status": status}}


def delete(call: Call, id_: str, state: Props) -> None:
    if state["versioningConfiguration"]["status"] == "Enabled":
        call.client("s3").put_bucket_versioning(Bucket=id_, VersioningConfiguration={"Status": "Suspended"})
