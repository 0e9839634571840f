"""Replication: a thread that copies what was put, or marked as deleted, where the bucket's rules said at that moment.

It waits for as long as the faults say, and while a region that it reads from or writes to is dark.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.aws.addressee import region_of
from sandbox.aws.faults.models import switchboard
from sandbox.aws.s3.replication_rules import Rule
from sandbox.aws.state import clock, state

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One version of one object (a delete marker has one too) that rules of its bucket took."""

    bucket: str
    key: str
    version: str
    role: str
    rules: Sequence[Rule]
    marker: bool = False
    since: float = field(default_factory=clock)
    """When it was put (monotonic seconds)."""


class Copier(Protocol):
    """What carries out a task."""

    def replicate(self, task: Task) -> None:
        """Copy, and record how it went."""
        ...


class Replicator:
    """Carries out tasks in the order in which they become due, one at a time."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Copier, Task]] = deque()
        self._thread: threading.Thread | None = None

    def add(self, copier: Copier, tasks: Sequence[Task]) -> None:
        """Have tasks carried out when they are due."""
        with state.changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="replication", daemon=True)
                self._thread.start()
            self._waiting.extend((copier, task) for task in tasks)
            state.wake()

    @staticmethod
    def wait_for_regions(task: Task) -> None:
        """Wait until no region that the task needs is dark. A batch doesn't mind the faults of live replication."""
        with state.changed:
            while _regions(task) & set(switchboard.now.dark):
                state.changed.wait()

    def _run(self) -> None:
        while True:
            with state.changed:
                while (due := self._next()) is None:
                    state.changed.wait(self._pause())
            copier, task = due
            try:
                copier.replicate(task)
            except Exception:
                log.exception("s3://%s/%s could not be replicated", task.bucket, task.key)

    def _next(self) -> tuple[Copier, Task] | None:
        """Take the first task that is due, if there is one."""
        faults, now = switchboard.now, clock()
        if faults.replication_stalled:
            return None
        for index, (copier, task) in enumerate(self._waiting):
            if task.since + faults.replication_lag > now:
                return None  # the others are younger
            if not _regions(task) & set(faults.dark):
                del self._waiting[index]
                return copier, task
        return None

    def _pause(self) -> float | None:
        """Return the seconds until the oldest task is due; None to wait until something changes."""
        faults = switchboard.now
        if faults.replication_stalled or not self._waiting:
            return None
        left = self._waiting[0][1].since + faults.replication_lag - clock()
        if left > 0:
            return left
        later = [task.since + faults.replication_lag - clock() for _, task in self._waiting]
        return min((each for each in later if each > 0), default=None)


def _regions(task: Task) -> set[str | None]:
    return {region_of(task.bucket), *(region_of(rule.bucket) for rule in task.rules)}


replicator = Replicator()
