"""Looks up when a review stack expires, and whether the region may have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.settings import Settings
from release import clock, expiry, names
from release.clients import client


@dataclass(frozen=True, kw_only=True)
class Review:
    """What the tag `slipway:expires` says (None: not a review stack), what forbids the stack, and what to warn of."""

    expires: str | None = None
    problems: Sequence[str] = ()
    warnings: Sequence[str] = ()


def look(settings: Settings) -> Review:
    """Ask which review stacks the region has (DescribeVpcs) and AWS's time. Raises what boto3 raises."""
    if settings.review.expires is None:
        return Review()
    ec2 = client("ec2", settings.region)
    pages = ec2.get_paginator("describe_vpcs").paginate(Filters=[{"Name": "tag-key", "Values": [names.EXPIRY_TAG]}])
    found = [_tags(vpc) for page in pages for vpc in page["Vpcs"]]
    there = {tags[names.STACK_TAG]: tags[names.EXPIRY_TAG] for tags in found if names.STACK_TAG in tags}
    return decide(settings, there, lambda: clock.now(settings.region))


def decide(settings: Settings, there: Mapping[str, str], now: Callable[[], datetime]) -> Review:
    """Return what holds for the stack, by the expiries of the review stacks that are there. Pure but for the clock.

    An expiry is fixed once: later deploys keep it, unless somebody means to begin anew.
    """
    hours = settings.review.expires
    if hours is None:
        return Review()
    fixed = there.get(settings.stack)
    if fixed is None or settings.extend:
        problems = () if fixed else tuple(_too_many(settings, there, now))
        return Review(expires=expiry.write(expiry.after(now(), hours)), problems=problems)
    ends = expiry.read(fixed)
    if ends is None or ends > now():
        return Review(expires=fixed)
    return Review(
        expires=fixed,
        warnings=[
            f"the stack's time was over at {fixed}: `python -m release sweep` removes it; to keep it for {hours} more "
            f"hours, run `SLIPWAY_EXTEND=1 pulumi up --stack {settings.stack}`"
        ],
    )


def _too_many(settings: Settings, there: Mapping[str, str], now: Callable[[], datetime]) -> list[str]:
    others = sorted(there.keys() - {settings.stack})
    if len(others) < settings.review.stacks:
        return []
    moment = now()
    over = [name for name in others if (ends := expiry.read(there[name])) and ends <= moment]
    gone = f" ({', '.join(over)} can go: `python -m release sweep`)" if over else ""
    return [
        f"review.stacks: {settings.region} has {len(others)} review stacks, {', '.join(others)}{gone}, and may have "
        f"{settings.review.stacks}; remove one (`python -m release sweep --stack pr-NUMBER`), or raise this"
    ]


def _tags(shown: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in shown.get("Tags", ())}
