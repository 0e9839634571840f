"""What somebody changed in AWS by hand, told apart from what AWS and Slipway change themselves. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from release.preview.steps import Change


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """A resource that is no longer as the last `up` left it. `before` is what the state has, `after` what AWS has."""

    urn: str
    type: str
    name: str
    gone: bool
    """Whether it is not there any more."""
    changes: tuple[Change, ...] = ()
    undo: str = ""
    """What `pulumi up --refresh` does about it, in one line; `up` alone does not look."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What is different in AWS."""

    drifted: tuple[Drifted, ...] = ()
    by_slipway: tuple[str, ...] = ()
    """What rollouts, rollbacks and activations by hand changed, a line each: that is recorded, and is no drift."""
    unknown: tuple[str, ...] = ()
    """What could not be compared, and why."""

    @property
    def found(self) -> bool:
        """Return whether there is drift."""
        return bool(self.drifted)
