"""CloudWatch requests."""

from moto.cloudwatch.responses import CloudWatchResponse

from sandbox.aws.requests import Guarded


class SandboxCloudWatchResponse(Guarded, CloudWatchResponse):
    """moto's CloudWatch, one request at a time."""
