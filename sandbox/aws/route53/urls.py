"""Where Route 53 answers; the shape is moto's."""

from moto.route53.urls import url_bases
from moto.route53.urls import url_paths as moto_paths

from sandbox.aws.route53.responses import SandboxRoute53Response

__all__ = ["url_bases", "url_paths"]

url_paths = dict.fromkeys(moto_paths, SandboxRoute53Response.dispatch)
