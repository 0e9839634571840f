"""Requests of S3 batch operations; botocore's model of them reads and writes the XML."""

from typing import Any

from moto.core.responses import ActionResult
from moto.s3control.models import s3control_backends
from moto.s3control.responses import S3ControlResponse


class SandboxS3ControlResponse(S3ControlResponse):
    """moto's S3 Control with jobs."""

    @property
    def backend(self) -> Any:  # noqa: ANN401 - moto's registry knows only moto's class
        """Return the account's backend; jobs are of a region, which each call names."""
        return s3control_backends[self.current_account][self.partition]

    def create_job(self) -> ActionResult:
        """CreateJob."""
        return ActionResult({"JobId": self.backend.create_job(self.region, self._get_params())})

    def describe_job(self) -> ActionResult:
        """DescribeJob."""
        return ActionResult({"Job": self.backend.job(self.region, self._get_param("JobId")).describe()})

    def list_jobs(self) -> ActionResult:
        """ListJobs."""
        wanted = self._get_param("JobStatuses") or []
        limit, token = int(self._get_param("MaxResults") or 1000), int(self._get_param("NextToken") or 0)
        found = [job for job in self.backend.jobs(self.region) if not wanted or job.status in wanted]
        more = {"NextToken": str(token + limit)} if len(found) > token + limit else {}
        return ActionResult({"Jobs": [job.summary() for job in found[token : token + limit]], **more})

    def update_job_status(self) -> ActionResult:
        """UpdateJobStatus."""
        job = self.backend.job(self.region, self._get_param("JobId"))
        job.ask(self._get_param("RequestedJobStatus"), self._get_param("StatusUpdateReason"))
        return ActionResult({"JobId": job.id, "Status": job.status, "StatusUpdateReason": job.reason})
