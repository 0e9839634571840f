"""S3 Control's backend: the jobs of an account, by region."""

from typing import Any

from moto.s3control.models import S3ControlBackend

from sandbox.aws.s3control.exceptions import BadRequest, Idempotency, NotFound
from sandbox.aws.s3control.job import Job


class SandboxS3ControlBackend(S3ControlBackend):
    """moto's, with batch operations of one kind: S3ReplicateObject of a CSV manifest."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[tuple[str, str], Job] = {}

    def create_job(self, region: str, asked: dict[str, Any]) -> str:
        """Start a job; return its id. The same token means the same job."""
        if asked["AccountId"] != self.account_id:
            raise BadRequest("The account id of the request is not the caller's")
        if "S3ReplicateObject" not in asked["Operation"]:
            raise BadRequest("The sandbox knows the operation S3ReplicateObject alone")
        spec = asked.get("Manifest", {}).get("Spec", {})
        if spec.get("Format") != "S3BatchOperations_CSV_20180820":
            raise BadRequest("The sandbox knows manifests in the format S3BatchOperations_CSV_20180820 alone")
        if spec.get("Fields") != ["Bucket", "Key", "VersionId"]:
            raise BadRequest("Objects of a bucket with versions are named by Bucket, Key and VersionId")
        token = (region, asked["ClientRequestToken"])
        known = self._tokens.get(token)
        if known is None:
            known = self._tokens[token] = Job(region, self.account_id, asked)
            self._jobs[known.id] = known
            known.start()
        elif known.asked != asked:
            raise Idempotency("The token was used for another job")
        return known.id

    def job(self, region: str, id_: str) -> Job:
        """Return a job of a region."""
        found = self._jobs.get(id_)
        if found is None or found.region != region:
            raise NotFound(f"There is no job {id_}")
        return found

    def jobs(self, region: str) -> list[Job]:
        """Return the jobs of a region, newest first."""
        return [job for job in reversed(self._jobs.values()) if job.region == region]
