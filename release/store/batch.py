"""Brings over what replication has left behind, by S3 Batch Replication.

It copies as live replication does: a replica keeps the version, the time and the metadata of its original. (An object
that is copied by CopyObject is a new original: it is replicated back, and its time, which orders the ledger, is that of
the copy.) A job takes a list of objects, which is put into the store below `replication/`, and leaves its report there.
Source: S3 user guide, "Replicating existing objects with Batch Replication".
"""

from __future__ import annotations

import csv
import io
import json
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from release.clients import explained
from release.errors import StoreError
from release.store.backlog import Original

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3control import S3ControlClient
    from types_boto3_s3control.literals import JobStatusType
    from types_boto3_s3control.type_defs import JobDescriptorTypeDef

FOLDER = "replication"
_UNDER_WAY: tuple[JobStatusType, ...] = ("New", "Preparing", "Ready", "Active", "Pausing", "Paused", "Completing")
_ENDED = ("Complete", "Failed", "Cancelled", "Suspended")
_PAGES = 20
"""Pages of jobs that are looked through at most; those under way are few."""
_FAILURES = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_MOST_BYTES = 1 << 20
"""A longer report is not read."""


@dataclass(frozen=True, kw_only=True)
class Batches:
    """The batch replication of one bucket, in its region."""

    bucket: str
    account: str
    partition: str
    s3: S3Client
    control: S3ControlClient

    def under_way(self) -> str | None:
        """Return the id of a job of ours for this bucket that has not ended, or None."""
        token: dict[str, str] = {}
        for _ in range(_PAGES):
            with self._explained("list jobs"):
                page = self.control.list_jobs(AccountId=self.account, JobStatuses=list(_UNDER_WAY), **token)  # pyright: ignore[reportArgumentType]
            for job in page["Jobs"]:
                if job.get("Description") == self._description:
                    return job.get("JobId")
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        return None

    def start(self, manifest: Path) -> str:
        """Put the manifest into the bucket, and start a job for it; return its id."""
        now = datetime.now(timezone.utc)
        key = f"{FOLDER}/{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}.csv"
        with self._explained(f"put {key}"):
            self.s3.upload_file(str(manifest), self.bucket, key)
            put = self.s3.head_object(Bucket=self.bucket, Key=key)
        role = self._role()
        arn = f"arn:{self.partition}:s3:::{self.bucket}"
        with self._explained("create a batch replication job"):
            answer = self.control.create_job(
                AccountId=self.account,
                ClientRequestToken=str(uuid.uuid4()),
                Description=self._description,
                ConfirmationRequired=False,
                Priority=10,
                RoleArn=role,
                Operation={"S3ReplicateObject": {}},
                Manifest={
                    "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key", "VersionId"]},
                    "Location": {
                        "ObjectArn": f"{arn}/{key}",
                        "ObjectVersionId": put["VersionId"],
                        "ETag": put["ETag"].strip('"'),
                    },
                },
                Report={
                    "Enabled": True,
                    "Bucket": arn,
                    "Prefix": FOLDER,
                    "Format": "Report_CSV_20180820",
                    "ReportScope": "FailedTasksOnly",
                },
            )
        return answer["JobId"]

    def follow(
        self,
        job: str,
        seconds: float,
        tell: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wait until a job has ended, for at most `seconds`; whether all of its objects arrived is for others to see.

        Raises StoreError if it fails, is cancelled, or is not done in time: then it goes on.
        """
        began, length = clock(), _FIRST_PAUSE
        while True:
            with self._explained(f"ask for job {job}"):
                found = self.control.describe_job(AccountId=self.account, JobId=job)["Job"]
            status = found.get("Status", "")
            if status in _ENDED:
                return self._ended(job, found)
            waited = clock() - began
            tell(f"job {job}: {status}, {_progress(found)} ({waited:.0f} of {seconds:.0f} s)")
            if waited >= seconds:
                raise StoreError(
                    f"bucket {self.bucket}: job {job} is still {status} after {waited:.0f} s ({_progress(found)}); it "
                    "goes on, and `python -m release replicate` follows it again (--timeout SECONDS)"
                )
            pause(min(length, max(seconds - waited, 0)))
            length = min(2 * length, _LONGEST_PAUSE)

    def failures(self, job: str) -> list[str]:
        """Return what the job's report says of the first objects that failed, `KEY: MESSAGE`."""
        folder = f"{FOLDER}/job-{job}"
        with self._explained(f"read the report of job {job}"):
            try:
                report = json.loads(self._read(f"{folder}/manifest.json"))
                files = [result["Key"] for result in report["Results"] if result["TaskExecutionStatus"] == "failed"]
                rows = csv.reader(io.StringIO("".join(self._read(file) for file in files[:1])))
                return [f"{row[1]}: {row[-1]}" for row, _ in zip(rows, range(_FAILURES), strict=False)]
            except self.s3.exceptions.NoSuchKey:
                return []
            except (ValueError, KeyError, IndexError):
                return [f"see s3://{self.bucket}/{folder}/"]

    def _ended(self, job: str, found: JobDescriptorTypeDef) -> None:
        status = found.get("Status", "")
        if status != "Complete":
            reasons = [reason.get("FailureReason", "") for reason in found.get("FailureReasons", [])]
            said = "; ".join(filter(None, [*reasons, found.get("StatusUpdateReason") or ""])) or "without a reason"
            raise StoreError(f"bucket {self.bucket}: job {job} is {status}: {said}")

    def _role(self) -> str:
        """Return the role that replicates the bucket, which trusts batch operations too."""
        with self._explained("ask for its replication"):
            return self.s3.get_bucket_replication(Bucket=self.bucket)["ReplicationConfiguration"]["Role"]

    def _read(self, key: str) -> str:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(_MOST_BYTES).decode()

    def _explained(self, action: str) -> AbstractContextManager[None]:
        return explained(action, f"bucket {self.bucket}")

    @property
    def _description(self) -> str:
        return f"slipway: replicate {self.bucket}"


def write(path: Path, bucket: str, originals: Iterable[Original]) -> int:
    """Write a job's manifest; return how many objects it has. Keys are URL-encoded in it."""
    count = 0
    with path.open("w", encoding="ascii", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        for original in originals:
            lines.writerow((bucket, quote(original.key, safe="/"), original.version))
            count += 1
    return count


def _progress(job: JobDescriptorTypeDef) -> str:
    summary = job.get("ProgressSummary", {})
    done, failed = summary.get("NumberOfTasksSucceeded", 0), summary.get("NumberOfTasksFailed", 0)
    return f"{done} of {summary.get('TotalNumberOfTasks', 0)} objects" + (f", {failed} failed" if failed else "")
