"""Where CloudWatch answers; the shape is moto's."""

from moto.cloudwatch.urls import url_bases

from sandbox.aws.cloudwatch.responses import SandboxCloudWatchResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": SandboxCloudWatchResponse.dispatch}
