"""Where EC2 Auto Scaling answers; the shape is moto's."""

from moto.autoscaling.urls import url_bases

from sandbox.aws.autoscaling.responses import SandboxAutoScalingResponse

__all__ = ["url_bases", "url_paths"]

url_paths = {"{0}/$": SandboxAutoScalingResponse.dispatch}
