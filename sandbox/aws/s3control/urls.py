"""Where S3 Control answers; the shape is moto's."""

from moto.s3control.urls import url_bases
from moto.s3control.urls import url_paths as motos

from sandbox.aws.s3control.responses import SandboxS3ControlResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {
    **motos,
    "/v20180820/jobs": SandboxS3ControlResponse.dispatch,
    "/v20180820/jobs/<id>": SandboxS3ControlResponse.dispatch,
    "/v20180820/jobs/<id>/status": SandboxS3ControlResponse.dispatch,
}
