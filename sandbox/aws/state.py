"""The emulator's one lock, and the signal that something under it changed.

moto's backends are plain dictionaries. Every request that reads or writes instances, targets, groups or alarms holds
`changed` (a condition over a reentrant lock) while it does; whoever waits for news waits on the same condition.
"""

import threading
import time
from dataclasses import dataclass, field


@dataclass
class State:
    """A generation that only grows, guarded by `changed`."""

    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))
    generation: int = 0

    def wake(self) -> None:
        """Say that something changed; the caller holds the lock or takes it here (it is reentrant)."""
        with self.changed:
            self.generation += 1
            self.changed.notify_all()


state = State()
clock = time.monotonic


class Tick:
    """One pass of the controller: when it is, and the earliest time at which another is due."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.due: float | None = None

    def at(self, deadline: float) -> None:
        """Ask for a pass no later than `deadline` (monotonic seconds)."""
        self.due = deadline if self.due is None else min(self.due, deadline)
