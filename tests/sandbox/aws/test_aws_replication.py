"""S3 replication as S3 documents it: what is copied, when, by whose leave, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.emulator import Emulator
from tests.waiting import until

pytestmark = pytest.mark.sandbox

WEST, CENTRAL = "eu-west-1", "eu-central-1"
READ = [
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionAcl",
]
WRITE = ["s3:ReplicateObject", "s3:ReplicateDelete"]


@pytest.fixture(autouse=True)
def _mended(aws: Emulator) -> Iterator[None]:
    yield
    aws.post("faults", {})


@dataclass
class Pair:
    """Two buckets in two regions that replicate to each other."""

    aws: Emulator
    west: str
    central: str
    role: str

    def s3(self, bucket: str) -> Any:
        return self.aws.client("s3", WEST if bucket == self.west else CENTRAL)

    def put(self, bucket: str, key: str, **more: Any) -> str:
        return str(self.s3(bucket).put_object(Bucket=bucket, Key=key, Body=key.encode(), **more)["VersionId"])

    def head(self, bucket: str, key: str, version: str | None = None) -> dict[str, Any] | None:
        s3 = self.s3(bucket)
        try:
            return s3.head_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            return None

    def status(self, bucket: str, key: str) -> str | None:
        found = self.head(bucket, key)
        assert found is not None
        return found.get("ReplicationStatus")

    def versions(self, bucket: str, key: str) -> list[str]:
        listed = self.s3(bucket).list_object_versions(Bucket=bucket, Prefix=key)
        return [each["VersionId"] for each in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]]

    def rules(self, source: str, target: str, **more: Any) -> None:
        destination = {"Bucket": f"arn:aws:s3:::{target}"}
        rule = {
            "ID": "all",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": destination,
            **more,
        }
        configuration = {"Role": f"arn:aws:iam::123456789012:role/{self.role}", "Rules": [rule]}
        self.s3(source).put_bucket_replication(Bucket=source, ReplicationConfiguration=configuration)

    def allow(self, *actions: str) -> None:
        """Let the role do these, on both buckets, and nothing else."""
        resources = [f"arn:aws:s3:::{bucket}{path}" for bucket in (self.west, self.central) for path in ("", "/*")]
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}],
        }
        iam = self.aws.client("iam")
        iam.put_role_policy(RoleName=self.role, PolicyName="replicate", PolicyDocument=json.dumps(document))


@pytest.fixture
def pair(aws: Emulator) -> Pair:
    made = Pair(aws, aws.name(), aws.name(), aws.name())
    for bucket, region in ((made.west, WEST), (made.central, CENTRAL)):
        s3 = aws.client("s3", region)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    aws.client("iam").create_role(RoleName=made.role, AssumeRolePolicyDocument=document)
    made.allow(*READ, *WRITE)
    made.rules(made.west, made.central)
    made.rules(made.central, made.west)
    return made


def test_a_replica_is_the_same_version_and_goes_no_further(pair: Pair):
    """Version, age, metadata and checksum are its original's; two-way rules don't chase each other."""
    version = pair.put(pair.west, "k", Metadata={"a": "b"}, ChecksumAlgorithm="SHA256")
    until(lambda: pair.status(pair.west, "k") == "COMPLETED")
    source, replica = pair.head(pair.west, "k"), pair.head(pair.central, "k", version)
    assert source is not None
    assert replica is not None
    assert replica["ReplicationStatus"] == "REPLICA"
    for same in ("VersionId", "LastModified", "Metadata", "ETag", "ContentLength"):
        assert replica[same] == source[same]
    checksums = [
        pair.s3(bucket).head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumSHA256"]
        for bucket in (pair.west, pair.central)
    ]
    assert checksums[0] == checksums[1]
    back = pair.put(pair.central, "other")
    until(lambda: pair.status(pair.central, "other") == "COMPLETED")
    assert pair.versions(pair.west, "k") == [version]
    assert pair.versions(pair.west, "other") == [back]


def test_replication_that_is_stalled_goes_on_with_what_waited(pair: Pair):
    """PENDING as long as it lasts; then all arrives, also a multipart upload and a copy."""
    s3 = pair.s3(pair.west)
    pair.aws.post("faults", {"replication_stalled": True})
    pair.put(pair.west, "one")
    upload = s3.create_multipart_upload(Bucket=pair.west, Key="two")["UploadId"]
    etag = s3.upload_part(Bucket=pair.west, Key="two", UploadId=upload, PartNumber=1, Body=b"two")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(Bucket=pair.west, Key="two", UploadId=upload, MultipartUpload=parts)
    s3.copy_object(Bucket=pair.west, Key="three", CopySource={"Bucket": pair.west, "Key": "one"})
    keys = ("one", "two", "three")
    assert [pair.status(pair.west, key) for key in keys] == ["PENDING"] * 3
    assert [pair.head(pair.central, key) for key in keys] == [None] * 3
    pair.aws.post("faults", {"replication_stalled": False})
    until(lambda: [pair.status(pair.west, key) for key in keys] == ["COMPLETED"] * 3)
    assert [pair.status(pair.central, key) for key in keys] == ["REPLICA"] * 3


def test_a_lag_counts_from_the_put(pair: Pair):
    """What was put before waits no longer than the lag; a lag that ends makes nothing wait any more."""
    pair.aws.post("faults", {"replication_lag": 1.0})
    pair.put(pair.west, "k")
    assert pair.status(pair.west, "k") == "PENDING"
    until(lambda: pair.status(pair.west, "k") == "COMPLETED")
    ages = [(pair.head(bucket, "k") or {})["LastModified"] for bucket in (pair.west, pair.central)]
    assert ages[0] == ages[1]
    pair.aws.post("faults", {"replication_lag": 3600})
    pair.put(pair.west, "l")
    assert pair.status(pair.west, "l") == "PENDING"
    pair.aws.post("faults", {"replication_lag": 0})
    until(lambda: pair.status(pair.west, "l") == "COMPLETED")


@pytest.mark.parametrize("dark", [WEST, CENTRAL])
def test_replication_waits_for_a_dark_region(pair: Pair, dark: str):
    """Whether it is the source's or the destination's; other buckets' objects don't wait behind it."""
    pair.aws.post("faults", {"replication_stalled": True})
    pair.put(pair.west, "k")
    pair.aws.post("faults", {"replication_stalled": False, "dark": [dark]})
    seen = pair.central if dark == WEST else pair.west
    pair.put(seen, "later")
    assert (pair.head(pair.central, "k") is None) if dark == WEST else pair.status(pair.west, "k") == "PENDING"
    assert pair.status(seen, "later") == "PENDING"
    pair.aws.post("faults", {})
    until(lambda: pair.status(pair.west, "k") == "COMPLETED" and pair.status(seen, "later") == "COMPLETED")
    assert pair.status(pair.central, "k") == "REPLICA"


@pytest.mark.parametrize("missing", [*READ, "s3:ReplicateObject"])
def test_without_a_permission_it_fails_in_silence(pair: Pair, missing: str):
    """The put succeeds; all that tells is the status."""
    pair.allow(*(action for action in (*READ, *WRITE) if action != missing))
    pair.put(pair.west, "k")
    until(lambda: pair.status(pair.west, "k") == "FAILED")
    assert pair.head(pair.central, "k") is None


def test_a_role_that_is_gone_or_does_not_trust_s3(pair: Pair):
    """Neither can be taken on."""
    iam = pair.aws.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName=pair.role, PolicyDocument=document)
    pair.put(pair.west, "k")
    until(lambda: pair.status(pair.west, "k") == "FAILED")
    iam.delete_role_policy(RoleName=pair.role, PolicyName="replicate")
    iam.delete_role(RoleName=pair.role)
    pair.put(pair.west, "l")
    until(lambda: pair.status(pair.west, "l") == "FAILED")


def test_the_destination_may_refuse(pair: Pair):
    """A Deny in its bucket policy outranks what the role may do."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:ReplicateObject"}
    document = {"Version": "2012-10-17", "Statement": [{**deny, "Resource": f"arn:aws:s3:::{pair.central}/*"}]}
    pair.s3(pair.central).put_bucket_policy(Bucket=pair.central, Policy=json.dumps(document))
    pair.put(pair.west, "k")
    until(lambda: pair.status(pair.west, "k") == "FAILED")


def test_delete_markers_go_where_the_rule_says(pair: Pair):
    """Not by default; a version that is deleted never goes."""
    version = pair.put(pair.west, "k")
    until(lambda: pair.status(pair.west, "k") == "COMPLETED")
    s3 = pair.s3(pair.west)
    s3.delete_object(Bucket=pair.west, Key="k")
    pair.rules(pair.west, pair.central, DeleteMarkerReplication={"Status": "Enabled"})
    pair.put(pair.west, "l")
    until(lambda: pair.status(pair.west, "l") == "COMPLETED")
    assert pair.versions(pair.central, "k") == [version]
    marker = s3.delete_object(Bucket=pair.west, Key="l")["VersionId"]
    until(lambda: marker in pair.versions(pair.central, "l"))
    assert pair.head(pair.central, "l") is None
    s3.delete_object(Bucket=pair.west, Key="k", VersionId=version)
    assert pair.versions(pair.central, "k") == [version]


def test_the_rules_are_those_of_the_put(pair: Pair):
    """What lay there before is not copied, nor what a rule leaves out; what was put under a rule is, if it is gone."""
    s3 = pair.s3(pair.west)
    s3.delete_bucket_replication(Bucket=pair.west)
    pair.put(pair.west, "a/before")
    pair.rules(pair.west, pair.central, Filter={"Prefix": "a/"})
    pair.aws.post("faults", {"replication_stalled": True})
    pair.put(pair.west, "a/in")
    pair.put(pair.west, "b/out")
    s3.delete_bucket_replication(Bucket=pair.west)
    pair.aws.post("faults", {})
    until(lambda: pair.status(pair.west, "a/in") == "COMPLETED")
    assert (pair.status(pair.west, "a/before"), pair.status(pair.west, "b/out")) == (None, None)
    assert pair.head(pair.central, "a/before") is None
    assert pair.head(pair.central, "b/out") is None


def test_an_older_replica_does_not_come_first(pair: Pair):
    """Both sides put a key while replication stands still: afterwards both have both versions, the younger on top."""
    pair.aws.post("faults", {"replication_stalled": True})
    first = pair.put(pair.west, "k")
    second = pair.put(pair.central, "k")
    pair.aws.post("faults", {})
    until(lambda: len(pair.versions(pair.west, "k")) == 2 and len(pair.versions(pair.central, "k")) == 2)
    for bucket in (pair.west, pair.central):
        found = pair.head(bucket, "k")
        assert found is not None
        assert found["VersionId"] == second
        assert pair.head(bucket, "k", first) is not None


def test_a_configuration_is_returned_as_it_was_put(pair: Pair):
    """With metrics, replication time, filters and storage class."""
    minutes = {"Status": "Enabled", "Time": {"Minutes": 15}}
    rule = {
        "ID": "some",
        "Priority": 3,
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {
            "Bucket": f"arn:aws:s3:::{pair.central}",
            "StorageClass": "STANDARD_IA",
            "ReplicationTime": minutes,
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}},
        },
    }
    pair.rules(pair.west, pair.central, **rule)
    found = pair.s3(pair.west).get_bucket_replication(Bucket=pair.west)["ReplicationConfiguration"]
    assert found == {"Role": f"arn:aws:iam::123456789012:role/{pair.role}", "Rules": [rule]}
    pair.put(pair.west, "a/tagged", Tagging="k=v&x=y")
    pair.put(pair.west, "a/untagged")
    until(lambda: pair.status(pair.west, "a/tagged") == "FAILED")  # the role may not read tags
    assert pair.status(pair.west, "a/untagged") is None
    pair.allow(*READ, *WRITE, "s3:GetObjectVersionTagging", "s3:ReplicateTags")
    pair.put(pair.west, "a/again", Tagging="k=v")
    until(lambda: pair.status(pair.west, "a/again") == "COMPLETED")
    s3 = pair.s3(pair.central)
    assert s3.get_object_tagging(Bucket=pair.central, Key="a/again")["TagSet"] == [{"Key": "k", "Value": "v"}]
    assert s3.head_object(Bucket=pair.central, Key="a/again")["StorageClass"] == "STANDARD_IA"


def test_what_can_not_be_replicated_is_refused(pair: Pair, aws: Emulator):
    """Buckets without versions, a bucket onto itself, a bucket that isn't there; and versions can't be suspended."""
    plain = aws.name()
    s3 = pair.s3(pair.west)
    s3.create_bucket(Bucket=plain, CreateBucketConfiguration={"LocationConstraint": WEST})
    for source, target, said in (
        (plain, pair.central, "Versioning must be 'Enabled'"),
        (pair.west, plain, "Destination bucket must have versioning enabled"),
        (pair.west, pair.west, "cannot be the same"),
        (pair.west, aws.name(), "Destination bucket must exist"),
    ):
        with pytest.raises(ClientError, match=said) as error:
            Pair(aws, source, pair.central, pair.role).rules(source, target)
        assert error.value.response["Error"]["Code"] == "InvalidRequest"
    with pytest.raises(ClientError, match="InvalidBucketState"):
        s3.put_bucket_versioning(Bucket=pair.west, VersioningConfiguration={"Status": "Suspended"})


def test_a_batch_does_not_mind_the_faults_of_live_replication(pair: Pair):
    """It brings over what is stalled, and waits only for a region that is dark."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    services = {"Service": ["s3.amazonaws.com", "batchoperations.s3.amazonaws.com"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**trust, "Principal": services}]})
    pair.aws.client("iam").update_assume_role_policy(RoleName=pair.role, PolicyDocument=document)
    pair.allow(*READ, *WRITE, "s3:GetObject", "s3:InitiateReplication")
    pair.aws.post("faults", {"replication_stalled": True})
    version = pair.put(pair.west, "k")
    manifest = pair.s3(pair.west).put_object(
        Bucket=pair.west, Key="replication/manifest.csv", Body=f"{pair.west},k,{version}\n".encode()
    )
    control = pair.aws.client("s3control", WEST, Config(inject_host_prefix=False))
    control.meta.events.register_last("before-call.s3-control", at_the_endpoint)
    pair.aws.post("faults", {"dark": [CENTRAL]})
    job = control.create_job(
        AccountId="123456789012",
        ConfirmationRequired=False,
        Operation={"S3ReplicateObject": {}},
        Report={"Enabled": False},
        ClientRequestToken=version,
        Manifest={
            "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key", "VersionId"]},
            "Location": {"ObjectArn": f"arn:aws:s3:::{pair.west}/replication/manifest.csv", "ETag": manifest["ETag"]},
        },
        Priority=1,
        RoleArn=f"arn:aws:iam::123456789012:role/{pair.role}",
    )["JobId"]

    def status() -> str:
        return str(control.describe_job(AccountId="123456789012", JobId=job)["Job"]["Status"])

    until(lambda: status() == "Active")
    assert pair.status(pair.west, "k") == "PENDING"
    pair.aws.post("faults", {"dark": []})
    until(lambda: status() == "Complete")
    assert (pair.status(pair.west, "k"), pair.status(pair.central, "k")) == ("COMPLETED", "REPLICA")


def at_the_endpoint(params: dict[str, Any], **_: object) -> None:
    """Leave out the account that botocore puts before S3 Control's host."""
    params["url"] = params["url"].replace("//123456789012.", "//")


def test_who_sets_up_replication_hands_its_role_on(pair: Pair, aws: Emulator):
    """iam:PassRole is asked of a role that puts a configuration."""
    iam, name = aws.client("iam"), aws.name()
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [statement]}))
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    found = pair.s3(pair.west).get_bucket_replication(Bucket=pair.west)["ReplicationConfiguration"]
    s3 = aws.as_role(name, "s3", WEST)
    with pytest.raises(ClientError, match="iam:PassRole"):
        s3.put_bucket_replication(Bucket=pair.west, ReplicationConfiguration=found)
