"""Where EC2 answers; the shape is moto's."""

from moto.ec2.urls import url_bases

from sandbox.aws.ec2.responses import SandboxEC2Response

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/": SandboxEC2Response.dispatch}
