"""Where Certificate Manager answers; the shape is moto's."""

from moto.acm.urls import url_bases

from sandbox.aws.acm.responses import SandboxACMResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": SandboxACMResponse.dispatch}
