"""Where CloudWatch Logs answers; the shape is moto's."""

from moto.logs.urls import url_bases

from sandbox.aws.logs.responses import SandboxLogsResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": SandboxLogsResponse.dispatch}
