"""S3 batch replication: what a job may do, how it goes, and how it ends."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.permissions import policies
from release.clients import client
from tests.aws.emulator import REGION, Emulator
from tests.sandbox.aws.test_aws_iam import ACCOUNT, MakeRole, allow, role
from tests.waiting import until

__all__ = ["role"]  # a fixture

pytestmark = pytest.mark.sandbox
ENDED = ("Complete", "Failed", "Cancelled")


class Batch:
    """Two buckets, an object that lay in the first before it was replicated, and jobs that bring it over."""

    def __init__(self, aws: Emulator, control: Any) -> None:
        self.s3, self.iam, self.control = aws.client("s3"), aws.client("iam"), control
        self.role = f"batch-{uuid.uuid4().hex[:8]}"
        self.first, self.second = f"{self.role}-1", f"{self.role}-2"
        for name in (self.first, self.second):
            self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        trust = policies.assumed_by("s3.amazonaws.com", "batchoperations.s3.amazonaws.com")
        self.arn = self.iam.create_role(RoleName=self.role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        self.allow(policies.replication([f"arn:aws:s3:::{name}" for name in (self.first, self.second)], locked=False))
        self.version = self.s3.put_object(Bucket=self.first, Key="a b", Body=b"1")["VersionId"]
        rule = {
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.second}"},
        }
        self.s3.put_bucket_replication(Bucket=self.first, ReplicationConfiguration={"Role": self.arn, "Rules": [rule]})

    def allow(self, policy: dict[str, Any]) -> None:
        self.iam.put_role_policy(RoleName=self.role, PolicyName="p", PolicyDocument=json.dumps(policy))

    def asked(self, lines: str | None = None, **changes: Any) -> dict[str, Any]:
        """The request of a job for these lines."""
        body = (f"{self.first},a%20b,{self.version}\n" if lines is None else lines).encode()
        put = self.s3.put_object(Bucket=self.first, Key="replication/list.csv", Body=body)
        bucket = f"arn:aws:s3:::{self.first}"
        spec = {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key", "VersionId"]}
        location = {
            "ObjectArn": f"{bucket}/replication/list.csv",
            "ETag": put["ETag"],
            "ObjectVersionId": put["VersionId"],
        }
        return {
            "AccountId": ACCOUNT,
            "ClientRequestToken": uuid.uuid4().hex,
            "Priority": 1,
            "RoleArn": self.arn,
            "ConfirmationRequired": False,
            "Operation": {"S3ReplicateObject": {}},
            "Manifest": {"Spec": spec, "Location": location},
            "Report": {
                "Enabled": True,
                "Bucket": bucket,
                "Prefix": "replication",
                "Format": "Report_CSV_20180820",
                "ReportScope": "FailedTasksOnly",
            },
            **changes,
        }

    def ended(self, job: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.control.describe_job(AccountId=ACCOUNT, JobId=job)["Job"]
            return found if found["Status"] in ENDED else None

        return until(look)

    def run(self, lines: str | None = None, **changes: Any) -> dict[str, Any]:
        return self.ended(self.control.create_job(**self.asked(lines, **changes))["JobId"])

    def report(self, job: dict[str, Any]) -> Any:
        key = f"replication/job-{job['JobId']}/manifest.json"
        return json.loads(self.s3.get_object(Bucket=self.first, Key=key)["Body"].read())


@pytest.fixture
def control(aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As the program makes it: botocore puts the account before the host, which an address can't have."""
    for name, value in {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    return client("s3control", REGION)


@pytest.fixture
def batch(aws: Emulator, control: Any) -> Batch:
    return Batch(aws, control)


def test_what_was_there_before_is_replicated_as_it_is(batch: Batch):
    """With its version and its time; the report names no failure."""
    job = batch.run()
    assert (job["Status"], job["ProgressSummary"]["NumberOfTasksSucceeded"]) == ("Complete", 1)
    ours, theirs = (batch.s3.head_object(Bucket=name, Key="a b") for name in (batch.first, batch.second))
    assert (ours["VersionId"], ours["LastModified"]) == (theirs["VersionId"], theirs["LastModified"])
    assert theirs["ReplicationStatus"] == "REPLICA"
    assert batch.report(job)["Results"] == []
    listed = batch.control.list_jobs(AccountId=ACCOUNT, JobStatuses=["Complete"], MaxResults=1)["Jobs"]
    assert [each["JobId"] for each in listed] == [job["JobId"]]


def test_an_object_that_is_not_there_fails_and_the_job_goes_on(batch: Batch):
    """The report says which, and why."""
    job = batch.run(f"{batch.first},gone,{batch.version}\n{batch.first},a%20b,{batch.version}\n")
    assert (job["Status"], job["ProgressSummary"]["NumberOfTasksFailed"]) == ("Complete", 1)
    (result,) = batch.report(job)["Results"]
    body = batch.s3.get_object(Bucket=batch.first, Key=result["Key"])["Body"].read().decode()
    assert body.startswith(f"{batch.first},gone,{batch.version},failed,NoSuchKey,404,")


def without(action: str) -> Callable[[Batch], None]:
    def change(batch: Batch) -> None:
        policy = policies.replication([f"arn:aws:s3:::{name}" for name in (batch.first, batch.second)], locked=False)
        for statement in policy["Statement"]:
            statement["Action"] = [each for each in statement["Action"] if each != action] or ["s3:GetBucketAcl"]
        batch.allow(policy)

    return change


@pytest.mark.parametrize(
    ("action", "status", "failed"),
    [
        ("s3:GetObjectVersion", "Failed", 0),
        ("s3:InitiateReplication", "Complete", 1),
        ("s3:ReplicateObject", "Complete", 1),
        ("s3:PutObject", "Failed", 0),
    ],
)
def test_the_role_decides(batch: Batch, action: str, status: str, failed: int):
    """Whether the manifest is read, the object replicated and the report written."""
    without(action)(batch)
    job = batch.run()
    assert (job["Status"], job["ProgressSummary"]["NumberOfTasksFailed"]) == (status, failed)


def test_a_manifest_that_was_changed_is_refused(batch: Batch):
    """By its ETag."""
    asked = batch.asked()
    asked["Manifest"]["Location"]["ETag"] = "0" * 32
    job = batch.ended(batch.control.create_job(**asked)["JobId"])
    assert job["Status"] == "Failed"
    assert "ETag" in job["FailureReasons"][0]["FailureReason"]


def test_a_job_that_needs_confirmation_waits_for_it(batch: Batch):
    """Suspended, until it is confirmed or cancelled; what has ended stays as it is."""
    jobs = [batch.control.create_job(**batch.asked(ConfirmationRequired=True))["JobId"] for _ in range(2)]
    for job in jobs:
        until(lambda job=job: batch.control.describe_job(AccountId=ACCOUNT, JobId=job)["Job"]["Status"] == "Suspended")
    for job, status, end in zip(jobs, ("Ready", "Cancelled"), ("Complete", "Cancelled"), strict=True):
        batch.control.update_job_status(AccountId=ACCOUNT, JobId=job, RequestedJobStatus=status)
        assert batch.ended(job)["Status"] == end
    with pytest.raises(ClientError, match="JobStatusException"):
        batch.control.update_job_status(AccountId=ACCOUNT, JobId=jobs[0], RequestedJobStatus="Cancelled")


def test_the_same_token_is_the_same_job(batch: Batch):
    """With the same request; with another it is an error."""
    asked = batch.asked()
    assert len({batch.control.create_job(**asked)["JobId"] for _ in range(2)}) == 1
    with pytest.raises(ClientError, match="IdempotencyException"):
        batch.control.create_job(**{**asked, "Priority": 2})


def test_a_job_is_of_its_region(batch: Batch):
    """Another region knows nothing of it."""
    job = batch.run()
    elsewhere = client("s3control", "eu-west-3")
    assert elsewhere.list_jobs(AccountId=ACCOUNT)["Jobs"] == []
    with pytest.raises(ClientError, match="NotFoundException"):
        elsewhere.describe_job(AccountId=ACCOUNT, JobId=job["JobId"])


def test_who_may_start_a_job(batch: Batch, role: MakeRole, monkeypatch: pytest.MonkeyPatch):
    """Whoever may, and may hand the role to batch operations; to look at it is another permission."""
    to_batches = {"StringEquals": {"iam:PassedToService": "batchoperations.s3.amazonaws.com"}}
    made = role(
        allow("s3:CreateJob", "*"),
        allow("iam:PassRole", batch.arn, Condition=to_batches),
        allow("s3:DescribeJob", f"arn:aws:s3:{REGION}:{ACCOUNT}:job/*"),
        name=f"starter-{batch.role}",
    )
    own = _as(made, monkeypatch)
    job = own.create_job(**batch.asked())["JobId"]
    assert own.describe_job(AccountId=ACCOUNT, JobId=job)
    with pytest.raises(ClientError, match="s3:ListJobs"):
        own.list_jobs(AccountId=ACCOUNT)
    other = role(allow("s3:CreateJob", "*"), name=f"other-{batch.role}")
    with pytest.raises(ClientError, match="iam:PassRole"):
        _as(other, monkeypatch).create_job(**batch.asked())


def _as(made: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """S3 Control's client with the keys of a role."""
    found = made("s3")._request_signer._credentials
    for name, value in {
        "AWS_ACCESS_KEY_ID": found.access_key,
        "AWS_SECRET_ACCESS_KEY": found.secret_key,
        "AWS_SESSION_TOKEN": found.token,
    }.items():
        monkeypatch.setenv(name, value)
    return client("s3control", REGION)
