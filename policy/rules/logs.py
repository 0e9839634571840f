"""Logs: how long they are kept."""

from __future__ import annotations

from collections.abc import Iterator

from policy.resource import Resource, known
from policy.rule import Rules
from policy.rules import types

rules = Rules()

_YEAR = 365


@rules.alone(
    "log-group-retention",
    "Logs are kept for a year at least",
    types=[types.LOG_GROUP],
    controls=["CKV_AWS_338"],
    level="advisory",
    fix="set logs.retention, for what apps print logs.outputRetention, to 365 or more (retentionInDays; 0 is for ever)",
)
def retention(group: Resource) -> Iterator[str]:
    """Without a retention CloudWatch keeps them for ever, as with 0."""
    days = group.get("retentionInDays", 0)
    if known(days) and 0 < int(days) < _YEAR:
        yield f"what is older than {days} days is gone"
