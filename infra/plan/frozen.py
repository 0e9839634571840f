"""Refuses to deploy to a stack that somebody has frozen (`python -m release freeze`)."""

from __future__ import annotations

import pulumi

from infra.plan import lookup
from infra.settings import Settings
from release import clock
from release.clients import client, explained
from release.errors import ReleaseError, StoreError
from release.names import FORESEEN
from release.store.freezes import Freeze, Freezes


def look(settings: Settings, bucket: str) -> Freeze | None:
    """Return the stack's freeze, None if there is none or it is over. Before its first `up` a stack has no bucket."""
    try:
        found = Freezes(bucket, client("s3", settings.region)).last(settings.stack)
    except StoreError as error:
        if lookup.has_no_bucket(error):
            return None
        raise
    if found is None or found.until is None:
        return found
    with explained("ask for the time", f"region {settings.region}"):
        return None if found.is_over(clock.now(settings.region)) else found


def heed(settings: Settings, freeze: Freeze | None) -> Freeze | None:
    """Return the freeze in spite of which this `up` deploys, None if there is none. A preview only warns.

    Raises ReleaseError if somebody has frozen the stack and SLIPWAY_SUPERSEDE does not insist.
    """
    if freeze is None:
        return None
    said = f"stack {settings.stack} is {freeze}"
    if settings.supersede:
        pulumi.log.warn(f"{said}. SLIPWAY_SUPERSEDE insists, which is recorded")
        return freeze
    refusal = (
        f"{said}. Nothing was changed. Wait, or ask {freeze.by}; `python -m release thaw --stack {settings.stack}` "
        "ends the freeze for all, `SLIPWAY_SUPERSEDE=1 pulumi up` insists once and is recorded; "
        "`python -m release rollback` works all the same"
    )
    if pulumi.runtime.is_dry_run():
        pulumi.log.warn(f"{FORESEEN}{refusal}")
        return None
    raise ReleaseError(refusal)


def record(settings: Settings, bucket: str, insisted: Freeze | None, sha: str) -> None:
    """Keep that this `up` deploys in spite of a freeze. Raises StoreError if it can't be kept: then it does not."""
    if insisted and not pulumi.runtime.is_dry_run():
        Freezes(bucket, client("s3", settings.region)).insisted(settings.stack, insisted, sha)
