"""What `pulumi up` will refuse. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from release.names import FORESEEN

_QUOTA = "request-service-quota-increase"
"""What a warning of the program says of a quota that is exceeded (infra/plan/quotas.py)."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds the state of the stack, since when (RFC 3339), and in which process; "" where that is not known."""

    by: str
    since: str
    pid: str


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """What stands in the way of an `up`, a line each, with the command that removes it."""

    certain: tuple[str, ...] = ()
    """What it refuses for sure, as things are now."""
    warned: tuple[str, ...] = ()
    """What it may fail on: quotas."""


def refusals(
    stack: str, *, errors: Iterable[str] = (), warnings: Iterable[str] = (), locks: Iterable[Holder] = ()
) -> Refusals:
    """Return what an `up` refuses, from what the program said in a preview and from who holds the state.

    The program's other warnings are not among them.
    """
    said = [text.strip() for text in warnings]
    foreseen = [text.removeprefix(FORESEEN) for text in said if text.startswith(FORESEEN)]
    certain = [*(text.strip() for text in errors), *foreseen, *(_held(stack, lock) for lock in locks)]
    return Refusals(certain=_once(certain), warned=_once(text for text in said if _QUOTA in text))


def _held(stack: str, lock: Holder) -> str:
    since = f" since {lock.since[:16].replace('T', ' ')} UTC" if lock.since else ""
    process = f" (process {lock.pid})" if lock.pid else ""
    return (
        f"the state of {stack} is locked by {lock.by or 'somebody'}{process}{since}: wait for that to end; only if "
        f"it is dead, `pulumi cancel --stack {stack}`"
    )


def _once(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lines))
