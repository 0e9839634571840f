"""Errors of the Auto Scaling API that moto lacks: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html"""

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError

__all__ = [
    "ActiveInstanceRefreshNotFound",
    "InstanceRefreshInProgress",
    "IrreversibleInstanceRefresh",
    "LimitExceeded",
    "ResourceInUse",
    "ScalingActivityInProgress",
    "ValidationError",
    "group_not_found",
]


class InstanceRefreshInProgress(AutoscalingClientError):
    """A group has one active refresh at a time."""

    code = "InstanceRefreshInProgress"
    message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."


class ActiveInstanceRefreshNotFound(AutoscalingClientError):
    """Cancel and rollback need an active refresh."""

    code = "ActiveInstanceRefreshNotFound"
    message = "No in progress or pending Instance Refresh found for Auto Scaling group"

    def __init__(self, group: str) -> None:
        super().__init__(f"{self.message} {group}")


class IrreversibleInstanceRefresh(AutoscalingClientError):
    """There is no configuration to roll back to."""

    code = "IrreversibleInstanceRefresh"


class LimitExceeded(AutoscalingClientError):
    """A group has as many of something as it may have."""

    code = "LimitExceeded"


class ResourceInUse(AutoscalingClientError):
    """A group with instances is only deleted with ForceDelete."""

    code = "ResourceInUse"
    message = (
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance "
        "request(s) still in the group."
    )


class ScalingActivityInProgress(AutoscalingClientError):
    """A group that is being deleted takes no other change."""

    code = "ScalingActivityInProgress"


def group_not_found(name: str) -> ValidationError:
    """Return the error that every operation gives for a group that does not exist."""
    return ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
