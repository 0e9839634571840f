"""Decides what a sweep does with each stack. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from release import expiry, names

Fate = Literal["remove", "keep", "stray", "empty", "unread"]


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """What AWS has of one stack: the values of the tag `slipway:expires`, and the ARNs of what has it."""

    expires: frozenset[str]
    arns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the backend has of one stack: the number of its resources, and the values of the tag in its state.

    The stack itself, components and providers don't count: an `up` that was refused leaves no more.
    """

    resources: int
    expires: frozenset[str]
    trouble: str = ""
    """Why its state could not be read."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of a stack, and why."""

    stack: str
    fate: Fate
    why: str
    expires: datetime | None = None
    resources: int = 0
    arns: tuple[str, ...] = ()


def verdicts(
    backend: Mapping[str, Kept], aws: Mapping[str, Tagged], now: datetime, *, only: str | None = None
) -> list[Verdict]:
    """Return what becomes of each review stack, in the order of their numbers.

    `only` names the one stack to remove, expired or not. Of a stack that is not named as a review stack nothing is
    said: whatever its tags are, it is not a sweep's to remove.
    """
    known = {name for name in (*backend, *aws) if names.is_review(name) and only in (None, name)}
    return [
        _verdict(name, backend.get(name), aws.get(name), now, asked=only is not None)
        for name in sorted(known, key=lambda name: int(name.partition("-")[2]))
    ]


def _verdict(stack: str, kept: Kept | None, tagged: Tagged | None, now: datetime, *, asked: bool) -> Verdict:
    values = (tagged.expires if tagged else frozenset()) | (kept.expires if kept else frozenset())
    ends = expiry.latest(values)
    over = ends is not None and ends <= now
    arns = tagged.arns if tagged else ()
    if kept and kept.trouble:
        return Verdict(stack=stack, fate="unread", why=kept.trouble, expires=ends, resources=kept.resources)
    if arns and (kept is None or kept.resources == 0):
        lacks = "no such stack: another one has it" if kept is None else "nothing of it in the stack's state"
        why = f"AWS has it, but this backend has {lacks}, or the state is lost"
        return Verdict(stack=stack, fate="stray" if over or asked else "keep", why=why, expires=ends, arns=arns)
    if kept is None or kept.resources == 0:
        return Verdict(stack=stack, fate="remove" if asked else "empty", why="it has no resources")
    fate, why = _fate(values, ends, over=over, asked=asked)
    return Verdict(stack=stack, fate=fate, why=why, expires=ends, resources=kept.resources, arns=arns)


def _fate(values: frozenset[str], ends: datetime | None, *, over: bool, asked: bool) -> tuple[Fate, str]:
    if not values:
        return "keep", f"nothing of it has the tag {names.EXPIRY_TAG}, so that it is no review stack"
    if asked:
        return "remove", "asked for"
    if ends is None:
        odd: Sequence[str] = sorted(value for value in values if expiry.read(value) is None)
        return "keep", f"its tag {names.EXPIRY_TAG} says {odd[0][:40]!r}, which is no time"
    return ("remove", "its time is over") if over else ("keep", "its time is not over")
