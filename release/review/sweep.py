"""Removes review stacks side by side: one that fails stops no other, and Ctrl-C ends all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol

from release.clients import FAILURES, described
from release.engine import Ran
from release.errors import ReleaseError
from release.review.decide import Fate, Kept, Verdict

Outcome = Literal["removed", "kept", "failed", "busy", "listed", "to remove"]
LOCKED = "the stack is currently locked"
"""How the engine's error begins while another one changes the stack."""
GONE = "no stack named"
"""How it says that a stack is gone."""
QUICKER = "another sweep was quicker"


class Stacks(Protocol):
    """The backend, as far as a sweep uses it."""

    def kept(self, stack: str) -> Kept:
        """Return what it has of a stack."""
        ...

    def destroy(self, stack: str, show: Callable[[str], None]) -> Ran:
        """Remove what a stack has."""
        ...

    def forget(self, stack: str) -> Ran:
        """Remove a stack that has nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What became of a stack."""

    verdict: Verdict
    outcome: Outcome
    why: str

    @property
    def is_bad(self) -> bool:
        """Whether somebody has to look: it should be gone, and is not."""
        return self.outcome in ("failed", "busy") or (self.outcome == "listed" and self.verdict.fate == "stray")


def sweep(
    verdicts: Sequence[Verdict],
    stacks: Stacks,
    again: Callable[[Verdict], Verdict],
    *,
    parallel: int,
    stop: threading.Event,
    show: Callable[[str], None],
) -> list[Swept]:
    """Remove the stacks whose fate that is, `parallel` at a time; the others are returned as they are.

    `again` decides once more just before a removal: somebody may have extended the stack meanwhile. Ctrl-C and SIGTERM
    have the engines end what they are at, and are raised again once they have.
    """
    doomed = [verdict for verdict in verdicts if verdict.fate == "remove"]
    with ThreadPoolExecutor(max_workers=parallel) as threads:
        running = {
            verdict.stack: threads.submit(_remove, verdict, stacks, again, stop=stop, show=show) for verdict in doomed
        }
        try:
            done = {stack: future.result() for stack, future in running.items()}
        except BaseException:
            stop.set()
            threads.shutdown(cancel_futures=True)
            raise
    return [done.get(verdict.stack) or spared(verdict) for verdict in verdicts]


def planned(verdicts: Iterable[Verdict]) -> list[Swept]:
    """Return what a sweep would do."""
    return [
        Swept(verdict=verdict, outcome="to remove", why=verdict.why) if verdict.fate == "remove" else spared(verdict)
        for verdict in verdicts
    ]


def spared(verdict: Verdict) -> Swept:
    """Return what becomes of a stack that is not removed."""
    why = verdict.why
    if verdict.fate == "empty":
        why = f"{why}: `pulumi stack rm {verdict.stack}` removes it"
    outcomes: Mapping[Fate, Outcome] = {"keep": "kept", "unread": "failed"}
    return Swept(verdict=verdict, outcome=outcomes.get(verdict.fate, "listed"), why=why)


def _remove(
    verdict: Verdict,
    stacks: Stacks,
    again: Callable[[Verdict], Verdict],
    *,
    stop: threading.Event,
    show: Callable[[str], None],
) -> Swept:
    stack, began = verdict.stack, time.monotonic()
    if stop.is_set():
        return Swept(verdict=verdict, outcome="failed", why="not begun")
    try:
        verdict = again(verdict)
        if verdict.fate != "remove":
            return spared(verdict)
        show(f"{stack}: removing {verdict.resources} resources ({verdict.why})")
        outcome, why = _by_engine(stack, stacks)
    except ReleaseError as error:
        gone = GONE in str(error)
        outcome, why = ("removed", QUICKER) if gone else ("failed", str(error))
    except FAILURES as error:
        outcome, why = "failed", described(error)
    seconds = time.monotonic() - began
    show(f"{stack}: {outcome}, {seconds:.0f} s" + (f": {why}" if why else ""))
    return Swept(verdict=verdict, outcome=outcome, why=why or verdict.why)


def _by_engine(stack: str, stacks: Stacks) -> tuple[Outcome, str]:
    """Destroy and forget a stack. What another sweep has removed meanwhile is as good as removed."""
    steps: Mapping[str, Callable[[], Ran]] = {
        "destroy": lambda: stacks.destroy(stack, lambda _line: None),
        "stack rm": lambda: stacks.forget(stack),
    }
    for name, step in steps.items():
        ran = step()
        said = " ".join(ran.lines)
        if ran.code and GONE in said:
            return "removed", QUICKER
        if ran.code and LOCKED in said:
            who = next((line.partition(": ")[2] for line in ran.lines if "created by" in line), "by whom is not said")
            return "busy", f"somebody changes it just now ({who}); if nobody does any more: `pulumi cancel {stack}`"
        if ran.code:
            return "failed", f"pulumi {name}: {ran.why}; the next sweep goes on with what is left"
    return "removed", ""
