"""One batch replication job: New, Preparing, Ready, Active, Completing, Complete, or Failed, or Cancelled.

As the S3 user guide has it ("Replicating existing objects with Batch Replication", "Tracking job status and completion
reports"): the job's role must trust batch operations and be allowed to read the manifest, to initiate the replication
of each object, and to write the report; what copies is the replication configuration of the source bucket. It does so
whatever live replication has left behind. A manifest that can't be read fails the job; an object that can't be
replicated fails its task, and the job goes on.
"""

import csv
import io
import json
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote

from moto.s3.models import s3_backends

from sandbox.aws.iam.policy import Ask, decide
from sandbox.aws.iam.principals import Principal, is_trusted
from sandbox.aws.s3.replicas import COMPLETED
from sandbox.aws.s3control.exceptions import JobStatus

SERVICE = "batchoperations.s3.amazonaws.com"
_ENDED = ("Complete", "Failed", "Cancelled")


class Refused(Exception):
    """What fails a task, or the job where it is about the manifest."""


class Job:
    """A job, which runs in a thread of its own."""

    def __init__(self, region: str, account: str, asked: dict[str, Any]) -> None:
        self.id = str(uuid.uuid4())
        self.region, self.account, self.asked = region, account, asked
        self.status = "New"
        self.reason: str | None = None
        self.created = datetime.now(timezone.utc)
        self.terminated: datetime | None = None
        self.total = self.succeeded = self.failed = 0
        self._failure: str | None = None
        self._failed: list[tuple[str, str, str, str]] = []
        self._confirmed, self._cancelled = threading.Event(), threading.Event()
        self._role = Principal(role=str(asked["RoleArn"]).rpartition("/")[2], session=f"s3-batch-{self.id[:8]}")
        if not asked.get("ConfirmationRequired"):
            self._confirmed.set()

    def start(self) -> None:
        """Run it."""
        threading.Thread(target=self._run, name=f"batch-{self.id[:8]}", daemon=True).start()

    def ask(self, status: str, reason: str | None) -> None:
        """UpdateJobStatus: confirm a job that is suspended, or cancel one that has not ended."""
        if self.status in _ENDED or (status == "Ready" and self.status != "Suspended"):
            raise JobStatus(f"A job that is {self.status} can't become {status}")
        self.reason = reason
        if status == "Cancelled":
            self._cancelled.set()
            self._end("Cancelled")
        self._confirmed.set()

    def summary(self) -> dict[str, Any]:
        """Return it as ListJobs has it."""
        return {
            "JobId": self.id,
            "Description": self.asked.get("Description"),
            "Operation": "S3ReplicateObject",
            "Priority": self.asked["Priority"],
            "Status": self.status,
            "CreationTime": self.created,
            "TerminationDate": self.terminated,
            "ProgressSummary": {
                "TotalNumberOfTasks": self.total,
                "NumberOfTasksSucceeded": self.succeeded,
                "NumberOfTasksFailed": self.failed,
            },
        }

    def describe(self) -> dict[str, Any]:
        """Return it as DescribeJob has it."""
        reasons = [{"FailureCode": "Failed", "FailureReason": self._failure}] if self._failure else []
        return {
            **self.summary(),
            "JobArn": f"arn:aws:s3:{self.region}:{self.account}:job/{self.id}",
            "ConfirmationRequired": bool(self.asked.get("ConfirmationRequired")),
            "Manifest": self.asked["Manifest"],
            "Operation": {"S3ReplicateObject": {}},
            "StatusUpdateReason": self.reason,
            "FailureReasons": reasons,
            "Report": self.asked["Report"],
            "RoleArn": self.asked["RoleArn"],
        }

    @property
    def _s3(self) -> Any:  # noqa: ANN401 - moto's registry knows only moto's class
        return s3_backends[self.account]["aws"]

    def _run(self) -> None:
        try:
            self.status = "Preparing"
            tasks = list(self._tasks())
            self.total = len(tasks)
            if not self._confirmed.is_set():
                self.status = "Suspended"
                self._confirmed.wait()
            if self._cancelled.is_set():
                return
            self.status = "Active"
            for task in tasks:
                if self._cancelled.is_set():
                    return
                self._replicate(*task)
            self._report()
        except Refused as error:
            self._failure = str(error)
            self._end("Failed")
        else:
            self._end("Complete")

    def _end(self, status: str) -> None:
        if self.status not in _ENDED:
            self.status, self.terminated = status, datetime.now(timezone.utc)

    def _tasks(self) -> Iterator[tuple[str, str, str]]:
        """Yield bucket, key and version id of each line; the manifest's keys are URL-encoded (its documentation)."""
        self._check_trust()
        location = self.asked["Manifest"]["Location"]
        bucket, _, key = str(location["ObjectArn"]).rpartition(":")[2].partition("/")
        version = location.get("ObjectVersionId")
        self._may("s3:GetObjectVersion" if version else "s3:GetObject", location["ObjectArn"])
        found = self._s3.get_object(bucket, key, version_id=version)
        if found is None or found.etag.strip('"') != location["ETag"].strip('"'):
            raise Refused("The manifest is not there, or has another ETag")
        for bucket_, key_, version_ in csv.reader(io.StringIO(found.value.decode())):
            yield bucket_, unquote(key_), version_

    def _replicate(self, bucket: str, key: str, version: str) -> None:
        try:
            self._may("s3:InitiateReplication", f"arn:aws:s3:::{bucket}/{key}")
            if self._s3.get_object(bucket, key, version_id=version) is None:
                raise Refused("404 NoSuchKey: there is no such version")
            status = self._s3.replicate_existing(bucket, key, version)
            if status is None:
                raise Refused("400 InvalidRequest: no rule of the replication configuration is for this object")
            if status != COMPLETED:
                raise Refused(f"403 AccessDenied: the replication configuration's role left it {status}")
        except Refused as error:
            self.failed += 1
            self._failed.append((bucket, key, version, str(error)))
        else:
            self.succeeded += 1

    def _check_trust(self) -> None:
        if not is_trusted(SERVICE, self._role.role):
            raise Refused(f"There is no role {self._role.role} that {SERVICE} may assume")

    def _may(self, action: str, resource: str) -> None:
        if not decide(self._role.statements(), Ask(action=action, resource=resource, context={})):
            raise Refused(f"403 AccessDenied: {self._role.arn} is not authorized to perform {action} on {resource}")

    def _report(self) -> None:
        """Write the completion report, of failed tasks alone where that is its scope."""
        wanted = self.asked["Report"]
        if not wanted.get("Enabled"):
            return
        bucket = str(wanted["Bucket"]).rpartition(":")[2]
        folder = f"{wanted.get('Prefix', '')}/job-{self.id}".lstrip("/")
        self._may("s3:PutObject", f"arn:aws:s3:::{bucket}/{folder}/manifest.json")
        results: list[dict[str, str]] = []
        if self._failed:
            lines = io.StringIO()
            csv.writer(lines, lineterminator="\n").writerows(
                (bucket_, key, version, "failed", said.split(" ")[1].rstrip(":"), said.split(" ")[0], said)
                for bucket_, key, version, said in self._failed
            )
            key = f"{folder}/results/{uuid.uuid4().hex}.csv"
            self._s3.put_object(bucket, key, lines.getvalue().encode())
            results.append({"TaskExecutionStatus": "failed", "Bucket": bucket, "Key": key})
        report = {
            "Format": "Report_CSV_20180820",
            "ReportCreationDate": datetime.now(timezone.utc).isoformat(),
            "Results": results,
            "ReportSchema": "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage",
        }
        self._s3.put_object(bucket, f"{folder}/manifest.json", json.dumps(report).encode())
        self._s3.release_puts()
