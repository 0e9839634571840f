"""Where Systems Manager answers; the shape is moto's."""

from moto.ssm.urls import url_bases

from sandbox.aws.ssm.responses import SandboxSSMResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": SandboxSSMResponse.dispatch}
