"""Finds the release of a stack that follows another one, in the store of its own region alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from release.errors import ConflictError, ManifestError, MissingError, ReleaseError
from release.store import follow, lookup
from release.store.event import Event
from release.store.follow import Choice, PassedOver
from release.store.ledger import Ledger
from release.store.manifest import Manifest
from release.store.release_keys import manifest as manifest_key
from release.store.releases import Store

_FIRST = 40
"""Events that are read at first; more only if these do not tell."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The event whose release is taken, and the newer releases that were passed over."""

    event: Event
    passed: Sequence[PassedOver]


@dataclass(frozen=True, kw_only=True)
class Follower:
    """A stack, the stack that it follows, and the store and ledger of its own region."""

    stack: str
    follows: str
    store: Store
    ledger: Ledger

    def last(self) -> Followed:
        """Return the followed stack's last good release that is whole here.

        A decision of this stack's own counts too. Raises ReleaseError if there is none, if the ledger knows no such
        stack, or if the newest good release was changed.
        """
        choice = self._choose(self._lacking)
        if choice.event is None:
            raise ReleaseError(self._none(choice.passed))
        return Followed(event=choice.event, passed=choice.passed)

    def check(self, ref: str) -> None:
        """Raise ReleaseError, offering another one, if a release that was asked for is known and not whole here."""
        found = lookup.find(self.store, ref)
        known = self.ledger.digests(ref) if found is None and lookup.is_full(ref) else ()
        if found is None and not known:
            return  # it has yet to be published
        try:
            self.store.check(found or self._manifest(ref))
        except MissingError as error:
            raise ReleaseError(
                f"{self.stack}: release {found.sha if found else ref} is not whole in this store yet: {error}. "
                f"{self._offer()}"
            ) from None

    def _choose(self, lacking: follow.Lacking) -> Choice:
        limit = _FIRST
        while True:
            theirs, own = (self.ledger.history(stack, limit=limit) for stack in (self.follows, self.stack))
            counted = follow.counted(theirs, own)
            choice = follow.choose(counted, lacking, stack=self.stack, follows=self.follows)
            if choice.event or max(len(theirs), len(own)) < limit:
                return choice
            limit *= 4

    def _lacking(self, event: Event) -> str:
        """Return what is not there yet of the event's release, or "". Raises ReleaseError if it was changed."""
        try:
            self._inspect(event)
        except MissingError as error:
            return f"not in this store yet: {error.key} is missing"
        except (ConflictError, ManifestError) as error:
            raise ReleaseError(
                f"{self.stack}: the last good release of {self.follows}, {event.sha}, is not what served there, and "
                f"is not deployed: {error}. {self._offer(besides=event.sha)}"
            ) from None
        return ""

    def _offer(self, besides: str = "") -> str:
        """Return how to deploy the newest good release that is whole; one that was changed is not."""
        choice = self._choose(lambda event: "passed over" if event.sha == besides else self._unfit(event))
        if choice.event is None:
            return "No other release that served is whole here"
        return (
            f"The newest good one that is whole here is {choice.event.sha}; to deploy it, run "
            f"`SLIPWAY_SHA={choice.event.sha} pulumi up --stack {self.stack}`"
        )

    def _unfit(self, event: Event) -> str:
        try:
            self._inspect(event)
        except (MissingError, ConflictError, ManifestError):
            return "not whole"
        return ""

    def _inspect(self, event: Event) -> None:
        """Raise MissingError, ConflictError or ManifestError unless what served is whole here."""
        found = self._manifest(event.sha)
        if found.digest != event.digest:
            raise ConflictError(
                f"{self.store.where}: {manifest_key(event.sha)} says that the artifact has the digest "
                f"{found.digest}, but the ledger says that {event.digest} served under this SHA"
            )
        self.store.check(found)

    def _manifest(self, sha: str) -> Manifest:
        found = self.store.manifest(sha)
        if found is None:
            key = manifest_key(sha)
            raise MissingError(f"{self.store.where}: {key} is missing", key)
        return found

    def _none(self, passed: Sequence[PassedOver]) -> str:
        stacks = self.ledger.stacks()
        if self.follows not in stacks:
            return (
                f"{self.stack}: release.follow names the stack {self.follows}, of which the ledger in "
                f"{self.ledger.bucket} has no event; it has those of {', '.join(stacks) or 'no stack'}: correct it "
                "with `pulumi config set --path slipway:release.follow STACK`, or name a release with SLIPWAY_SHA"
            )
        said = "".join(f"\n  {each}" for each in passed)
        return (
            f"{self.stack}: the stack {self.follows} has no release that was good and is whole in "
            f"{self.ledger.bucket}: name one with SLIPWAY_SHA (`python -m release list` shows them){said}"
        )
