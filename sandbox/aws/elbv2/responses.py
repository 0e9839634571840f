"""Elastic Load Balancing requests."""

from moto.elbv2.responses import ELBV2Response

from sandbox.aws.requests import Guarded


class SandboxELBv2Response(Guarded, ELBV2Response):
    """moto's ELBv2, one request at a time."""
