"""aws.vpc: younger types of EC2, tagged as those are."""

from sandbox.provider.resources.ec2 import tag, untag

__all__ = ["tag", "untag"]
