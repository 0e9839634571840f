"""The time as AWS has it: what is removed at a moment is not to depend on this machine's clock."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from release.clients import client
from release.errors import ReleaseError


def now(region: str | None) -> datetime:
    """Return AWS's time, by the Date that each of its answers has (GetCallerIdentity). Raises what boto3 raises.

    Raises ReleaseError if something else answers, without a Date.
    """
    headers = client("sts", region).get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]
    return read(headers.get("date", ""))


def read(date: str) -> datetime:
    """Return the moment that a Date header tells (RFC 9110). Raises ReleaseError if it is none."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        raise ReleaseError(f"AWS's answer does not tell the time (Date: {date[:100]!r}): is there a proxy?") from None
    return told.astimezone(timezone.utc)
