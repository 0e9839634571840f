"""Finds the release of a stack that is asked for none: the newest good one, wherever it was deployed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from release.errors import ManifestError, ReleaseError, StoreError
from release.store import good_releases
from release.store.event import Event
from release.store.good_releases import Candidate
from release.store.ledger import Ledger
from release.store.releases import Store


@dataclass(frozen=True, kw_only=True)
class Taken:
    """The event whose release is taken, and what to tell whoever deploys."""

    event: Event
    notes: Sequence[str]


def last(stack: str, ledger: Ledger, store: Store) -> Taken:
    """Return the newest good release for the stack, its own or of a stack that follows it.

    Raises ReleaseError if the ledger knows of none, or if one of another region has not come back whole yet.
    """
    passed_over: list[Candidate] = []
    own: Event | None = None
    chosen: Event | None = None
    for found in ledger.good(stack):
        if found.refused:
            passed_over.append(found)
            continue
        chosen = chosen or found.event
        if found.event.stack == stack:
            own = found.event
            break
    if chosen is None:
        raise ReleaseError(
            f"{stack}: no release is asked for, and the ledger in {ledger.bucket} knows of none that served: "
            "run `pulumi config set --path slipway:release.sha <sha>`, or set SLIPWAY_SHA"
        )
    if chosen.stack != stack:
        _check(chosen, own, store)
    return Taken(event=chosen, notes=good_releases.told(stack, chosen, own, passed_over))


def _check(chosen: Event, own: Event | None, store: Store) -> None:
    """Raise ReleaseError unless the release is whole here: its event may have come back before it."""
    try:
        manifest = store.manifest(chosen.sha)
        if manifest is None:
            raise StoreError(f"{store.where} has no manifest of it")
        store.check(manifest)
    except (StoreError, ManifestError) as error:
        instead = f", or deploy this stack's own last one, `SLIPWAY_SHA={own.sha} pulumi up`" if own else ""
        raise ReleaseError(
            f"{good_releases.served(chosen)}, has not come back whole from its region: {error}. Run this again once it "
            f"is there (`python -m release replicate --bucket … --region …` of there brings it over){instead}"
        ) from None
