"""The plan of a stack in the posture `cold`, of which nothing stands but the store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pulumi

from infra.plan import checks, frozen, lookup, provider, usage
from infra.plan.provider import refuse, warn, where
from infra.plan.release import release_of
from infra.settings import Settings
from infra.store.artifacts import bucket_of
from release.clients import explained
from release.errors import ReleaseError
from release.rollout.observe import Fleets
from release.store.freezes import Freeze


@dataclass(frozen=True, kw_only=True)
class ColdPlan:
    """`sha` and `digest` are those of the release that the stack would deploy now; None if there is none."""

    account: str
    bucket: str
    sha: str | None
    digest: str | None
    kept_store_logs: frozenset[str] = frozenset()
    """The buckets for the store's access logs that are there, and are taken over."""
    insisted: Freeze | None = None
    """The freeze in spite of which it is deployed."""


def plan(settings: Settings) -> ColdPlan:
    """Ask AWS, and change nothing. Raises SettingsError; ReleaseError if AWS refuses to say."""
    with ThreadPoolExecutor() as threads:
        caller = threads.submit(lookup.caller, settings.region)
        fleets = threads.submit(lambda: Fleets(settings.region).of_stack(settings.stack))
        store = threads.submit(checks.store, settings)
        quotas = threads.submit(lambda: usage.look(settings, fleets.result()))
        found = provider.ask(settings)
        provider.check(settings, found, caller.result)
        with explained("look for what is there", where(settings)):
            refuse(settings, [*store.result(), *checks.posture(settings, fleets.result())])
    warn(*quotas.result())
    account = found.caller.account
    bucket = bucket_of(settings.artifacts, stack=settings.stack, account=account, region=settings.region)
    insisted = frozen.heed(settings, frozen.look(settings, bucket))
    sha, digest = _release(settings, bucket)
    pulumi.log.info(
        "cold: nothing stands but the store; `SLIPWAY_POSTURE=active pulumi up` brings the stack up"
        + (f" with {sha}" if sha else "")
    )
    kept = checks.kept_store_logs(settings, account)
    return ColdPlan(account=account, bucket=bucket, sha=sha, digest=digest, kept_store_logs=kept, insisted=insisted)


def _release(settings: Settings, bucket: str) -> tuple[str | None, str | None]:
    """Return what a stack that follows another one would deploy. That there is nothing yet is only worth a warning."""
    if not settings.release.follow:
        return None, None
    try:
        publication = release_of(settings, bucket).publication
    except ReleaseError as error:
        pulumi.log.warn(f"the stack could not be brought up now: {error}")
        return None, None
    return publication.sha, publication.digest
