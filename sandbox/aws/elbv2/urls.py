"""Where Elastic Load Balancing answers; the shape is moto's."""

from moto.elbv2.urls import url_bases

from sandbox.aws.elbv2.responses import SandboxELBv2Response

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": SandboxELBv2Response.dispatch}
