"""Waits until a release is recoverable, and decides what becomes of a deploy if it is not.

Whatever is deployed while it is in one region only would be lost with that region.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from release.errors import StoreError
from release.store.bring_over import Crossing
from release.store.manifest import Manifest
from release.store.releases import Store
from release.store.replica import Recovery, Replica, State

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """The last that was seen of a release in the replica, and after how many seconds."""

    state: State
    seconds: float


def wait(
    replica: Replica,
    manifest: Manifest,
    seconds: float,
    *,
    tell: Callable[[str], None] = lambda _line: None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Arrival:
    """Look until the release is recoverable, for at most `seconds`, ever less often; return what was seen last.

    It ends early where something else is there under the release's name: that does not change by waiting.
    """
    began, length = clock(), _FIRST_PAUSE
    while True:
        state = replica.state(manifest)
        waited = clock() - began
        if state.recovery in (Recovery.RECOVERABLE, Recovery.DIFFERS) or waited >= seconds:
            return Arrival(state=state, seconds=waited)
        so_far = f"{waited:.0f} of {seconds:.0f} s"
        tell(f"waiting for release {manifest.sha[:12]} in {replica.region} ({so_far}): {state.why}")
        pause(min(length, seconds - waited))
        length = min(2 * length, _LONGEST_PAUSE)


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What a deploy does about a release that is not recoverable: wait, then refuse, unless it is told to go on."""

    replica: Replica
    origin: Store
    """The store that is replicated."""
    seconds: float
    """How long to wait at most."""
    required: bool
    insisted: bool
    """Whether whoever deploys insists on it (SLIPWAY_UNREPLICATED)."""

    def foresee(self, manifest: Manifest) -> str | None:
        """Return what to warn of in a preview, which waits for nothing; None if the release is recoverable."""
        state = self.replica.state(manifest)
        if state.recoverable:
            return None
        if not self._enforced:
            return self._goes_on(manifest, state)
        in_vain = state.recovery is Recovery.DIFFERS
        then = (
            "be refused"
            if in_vain
            else f"wait until it is, for {self.seconds:.0f} s at most, before it changes any fleet"
        )
        return f"release {manifest.sha} is not recoverable: {state.why}; `pulumi up` will {then}. {self._remedy}"

    def meet(self, manifest: Manifest, tell: Callable[[str], None], warn: Callable[[str], None]) -> str | None:
        """Wait until the release is recoverable; return what to say of the wait, or None if there was none.

        What S3 does not replicate by itself is brought over.
        Raises StoreError if it is not recoverable in time, unless it need not be: then it warns, and does not wait.
        """
        found = wait(self.replica, manifest, 0)
        if self._enforced and not found.state.recoverable:
            if found.state.recovery is Recovery.NOT_YET and not self.origin.replicates(manifest):
                self._bring_over(manifest, tell)
            found = wait(self.replica, manifest, self.seconds, tell=tell)
        if found.state.recoverable:
            return f"release {manifest.sha} is {arrived(self.replica, found)}" if found.seconds >= 1 else None
        if not self._enforced:
            warn(self._goes_on(manifest, found.state))
            return None
        raise StoreError(
            f"release {manifest.sha} is not recoverable: {found.state.why}, after {found.seconds:.0f} s "
            f"(artifacts.replica.wait). No fleet was changed. {self._remedy}"
        )

    def _bring_over(self, manifest: Manifest, tell: Callable[[str], None]) -> None:
        """Bring over what the replica would never get, however long one waits."""
        tell(
            f"S3 does not replicate release {manifest.sha[:12]} by itself: it was published before there was a "
            f"replica, or replication failed; bringing over to {self.replica.region} what is missing there"
        )
        Crossing.of(self.origin, self.replica).bring_over(self.seconds, tell)

    @property
    def _enforced(self) -> bool:
        return self.required and not self.insisted

    def _goes_on(self, manifest: Manifest, state: State) -> str:
        reason = "SLIPWAY_UNREPLICATED is set" if self.insisted else "artifacts.replica.required is false"
        return (
            f"release {manifest.sha} is not recoverable: {state.why}; it is deployed all the same, because {reason}. "
            "`python -m release list` says when it is"
        )

    @property
    def _remedy(self) -> str:
        return (
            "`python -m release replicate` brings over what replication has left behind; "
            "`SLIPWAY_UNREPLICATED=1 pulumi up` deploys it all the same, as artifacts.replica.required: false does"
        )


def arrived(replica: Replica, found: Arrival) -> str:
    """Return how long replication took, in words."""
    return f"in {replica.region} after {found.seconds:.0f} s"
