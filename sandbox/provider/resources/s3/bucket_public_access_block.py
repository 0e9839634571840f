"""aws.s3.BucketPublicAccessBlock."""

from sandbox.provider.kit import Call, Client, Props
from sandbox.provider.resources.s3 import Setting

_FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
RESOURCE = Setting(__name__, replace="bucket", off=" ".join((*_FLAGS, "skipDestroy")))


def put(s3: Client, bucket: str, inputs: Props) -> None:
    flags = RESOURCE.to_aws(inputs, *_FLAGS)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=flags)


def get(s3: Client, bucket: str) -> Props:
    reply = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return RESOURCE.from_aws(reply, *_FLAGS)


def delete(call: Call, id_: str, state: Props) -> None:
    if not state.get("skipDestroy"):
        call.client("s3").delete_public_access_block(Bucket=id_)
