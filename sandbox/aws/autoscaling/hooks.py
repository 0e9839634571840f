"""Lifecycle hooks, and the actions that hold an instance until somebody completes them."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling.models import LifecycleHook

from sandbox.aws.autoscaling.exceptions import ValidationError

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
CONTINUE, ABANDON = "CONTINUE", "ABANDON"


class Hook(LifecycleHook):
    """A hook of a group.

    moto invents a queue and a role and triggers nothing (https://github.com/getmoto/moto/pull/4259); AWS keeps what was
    put: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LifecycleHook.html
    """

    def __init__(self, group: str, shape: dict[str, Any], previous: "Hook | None" = None) -> None:
        timeout = shape.get("HeartbeatTimeout")
        _check(shape, new=previous is None)
        super().__init__(
            name=shape["LifecycleHookName"],
            as_name=group,
            transition=shape.get("LifecycleTransition") or (previous.lifecycle_transition if previous else None),
            timeout=int(timeout) if timeout else (previous.heartbeat_timeout if previous else None),
            result=shape.get("DefaultResult") or (previous.default_result if previous else None),
        )
        self.role_arn = shape.get("RoleARN", previous and previous.role_arn)
        self.notification_target_arn = shape.get("NotificationTargetARN", previous and previous.notification_target_arn)
        self.notification_metadata = shape.get("NotificationMetadata", previous and previous.notification_metadata)
        self.global_timeout = min(100 * self.heartbeat_timeout, 172800)


def _check(shape: dict[str, Any], *, new: bool) -> None:
    """Raise ValidationError for what PutLifecycleHook does not accept."""
    timeout, transition = shape.get("HeartbeatTimeout"), shape.get("LifecycleTransition")
    if timeout is not None and not 30 <= int(timeout) <= 7200:
        raise ValidationError(f"HeartbeatTimeout must be between 30 and 7200 seconds, is {timeout}")
    if transition not in (LAUNCHING, TERMINATING) and (new or transition is not None):
        raise ValidationError(f"LifecycleTransition must be {LAUNCHING} or {TERMINATING}, is {transition}")
    if shape.get("DefaultResult", ABANDON) not in (CONTINUE, ABANDON):
        raise ValidationError(f"DefaultResult must be CONTINUE or ABANDON, is {shape['DefaultResult']}")


@dataclass
class Action:
    """A hook that waits for one instance: until `deadline`, or until a heartbeat moves that (monotonic seconds)."""

    hook: Hook
    opened: float
    deadline: float = 0.0
    result: str | None = None
    reason: str = "Lifecycle Action Completed with ABANDON Result"
    token: str = field(default_factory=lambda: str(uuid.uuid4()))

    def __post_init__(self) -> None:
        self.heartbeat(self.opened)

    def heartbeat(self, now: float) -> None:
        """Give it another heartbeat timeout, within the global timeout."""
        self.deadline = min(now + self.hook.heartbeat_timeout, self.opened + self.hook.global_timeout)

    def complete(self, result: str) -> None:
        """Take CONTINUE or ABANDON."""
        self.result = result

    def expire(self, now: float) -> None:
        """Apply the hook's default result at the deadline."""
        if self.result is None and now >= self.deadline:
            self.result, self.reason = self.hook.default_result, "Heartbeat Timeout"
