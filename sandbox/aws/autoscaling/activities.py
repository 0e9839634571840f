"""Scaling activities: what the group did, why, and how it went."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow

FINAL = ("Successful", "Failed", "Cancelled")


def timestamp() -> str:
    """Return the current time, as the causes of activities write it."""
    return utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ScalingActivity:
    """One entry of DescribeScalingActivities."""

    group_name: str
    group_arn: str
    description: str
    cause: str
    zone: str
    subnet: str | None
    status: str = "PreInService"
    message: str | None = None
    started: datetime = field(default_factory=utcnow)
    ended: datetime | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def end(self, status: str, message: str | None = None) -> None:
        """End the activity as Successful, Failed or Cancelled; the first end counts."""
        if self.ended is None:
            self.status, self.message, self.ended = status, message, utcnow()

    def describe(self) -> dict[str, Any]:
        """Return the API's shape `Activity`."""
        details = {"Subnet ID": self.subnet, "Availability Zone": self.zone}
        return {
            "ActivityId": self.id,
            "AutoScalingGroupName": self.group_name,
            "AutoScalingGroupARN": self.group_arn,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.started,
            "EndTime": self.ended,
            "StatusCode": self.status,
            "StatusMessage": self.message[:255] if self.message else None,
            "Progress": 100 if self.ended else 50,
            "Details": json.dumps({k: v for k, v in details.items() if v}),
        }
