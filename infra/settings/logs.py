"""The settings of logs: how long they are kept, and with whose key they are encrypted. See stack.py. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import StrictBool

from infra.settings.kinds import Kind, Otherwise, text, wrong_type, wrong_value
from infra.settings.section import Section

RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Days for which CloudWatch Logs can keep a log group's events (PutRetentionPolicy)."""
KEY = text(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,256}",
    "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID)",
)


def _read_retention(value: object) -> int:
    wanted = f"must be one of {', '.join(map(str, RETENTIONS))}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(wanted)
    if value not in RETENTIONS:
        raise wrong_value(wanted)
    return value


RETENTION = Kind("days that CloudWatch Logs knows, 1 to 3653", {"enum": list(RETENTIONS)}, _read_retention)


class LogsSettings(Section):
    """What is logged beside the fleets' own logs, which stay: they prove what each instance ran."""

    output: StrictBool = False
    """Whether what the apps print is sent to CloudWatch Logs; [`release logs`](deploy-day.md#logs) shows it."""
    output_retention: Annotated[int, RETENTION] = 30
    """How long that is kept."""

    retention: Annotated[int | None, RETENTION, Otherwise("30 for flow logs, 90 for access logs")] = None
    """How long the VPC's flow logs and all access logs are kept."""
    kms_key: Annotated[str | None, KEY, Otherwise("CloudWatch's own keys")] = None
    """The KMS key that encrypts the fleets' logs and the flow logs; [its policy](deploying.md#keys-of-your-own). Access
    logs have S3's keys: AWS delivers them to no other bucket."""
