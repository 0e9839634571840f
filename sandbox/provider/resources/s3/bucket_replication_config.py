"""aws.s3.BucketReplicationConfig."""

from sandbox.provider.kit import Client, Props, deleter
from sandbox.provider.resources.s3 import Setting

RESOURCE = Setting(
    __name__,
    unserved="rules.prefix token",
    computed="rules.filter rules.id",
    replace="bucket",
    ordered="rules",
    names={"*.replicaKmsKeyId": "ReplicaKmsKeyID", "rules.id": "ID"},
)
delete = deleter("s3", "delete_bucket_replication", "Bucket")


def put(s3: Client, bucket: str, inputs: Props) -> None:
    configuration = {"Role": inputs["role"], "Rules": RESOURCE.rules(inputs)}
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)


def get(s3: Client, bucket: str) -> Props:
    reply = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    return RESOURCE.from_aws(reply, "role", "rules")
