"""Keeps `pulumi destroy` from taking the last copy of releases: with `artifacts.destroy`, and a replica that stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import pulumi

from infra.settings import Settings
from infra.settings.stack import ReplicaSettings
from infra.store.artifacts import bucket_of, replica_of
from release.clients import client
from release.errors import ReleaseError
from release.store.bring_over import Crossing
from release.store.releases import Store
from release.store.replica import Peer, Replica


class LastCopy(pulumi.ComponentResource):
    """Is removed before anything else, and only if the replica that stays has all that the store has.

    Only a program that runs can look, so that the engine then asks for `pulumi destroy --run-program`.
    """

    def __init__(self, name: str, hook: pulumi.ResourceHook, before: Sequence[pulumi.Resource]) -> None:
        """Stand before the removal of all of `before`; `hook` looks."""
        hooks = pulumi.ResourceHookBinding(before_delete=[hook])
        options = pulumi.ResourceOptions(depends_on=list(before), hooks=hooks)
        super().__init__("slipway:artifacts:LastCopy", name, None, options)
        self.register_outputs({})


def at_stake(settings: Settings) -> ReplicaSettings | None:
    """Return the replica that stays when the store goes with the stack, or None."""
    artifacts = settings.artifacts
    replica = artifacts.replica if artifacts.destroy else None
    return replica if replica and not replica.destroy else None


def declare(settings: Settings, account: str, before: Sequence[pulumi.Resource]) -> None:
    """Declare it where something is at stake; where nothing is any more, an earlier one goes without looking."""
    replica = at_stake(settings)

    async def look(_args: pulumi.ResourceHookArgs) -> None:
        refusal = await asyncio.to_thread(refused, partial(_crossing, settings, replica, account)) if replica else ""
        if refusal:
            raise ReleaseError(refusal)

    hook = pulumi.ResourceHook("last-copy", look)
    if replica:
        LastCopy("artifacts-last-copy", hook, before)


def _crossing(settings: Settings, replica: ReplicaSettings, account: str) -> Crossing:
    where = {"stack": settings.stack, "account": account}
    store = Store(bucket_of(settings.artifacts, region=settings.region, **where), client("s3", settings.region))
    return Crossing.of(store, Replica(Peer(bucket=replica_of(replica, **where), region=replica.region)))


def refused(crossing: Callable[[], Crossing]) -> str:
    """Return why the store may not be removed, or ""."""
    insist = (
        "to remove both copies, `pulumi config set --path slipway:artifacts.replica.destroy true && pulumi up`; to "
        "keep both, `pulumi config set --path slipway:artifacts.destroy false && pulumi up`"
    )
    try:
        found = crossing().difference()
    except ReleaseError as error:
        return f"artifacts.destroy: whether the replica has all that the store has can't be told ({error}); {insist}"
    if not found.missing and not found.differing:
        return ""
    return (
        f"artifacts.destroy: the store has {found.missing} objects that its replica lacks, and {found.differing} that "
        f"differ there ({', '.join(found.first)}), and would be gone: bring them over with `python -m release "
        f"replicate`; {insist}"
    )
