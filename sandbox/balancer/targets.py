"""Target groups while they serve: which targets are healthy, which requests are in flight, which target is next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

from sandbox.balancer.config import GroupConfig, TargetConfig
from sandbox.balancer.health import Checks
from sandbox.service.target_health import DRAINING, Health

Key = tuple[str, int]  # the id of the instance, and the target's port
Cut = Callable[[], object]


class Target:
    """One target. When it is `draining`, `idle` says that no request is in flight any more."""

    def __init__(self, group: str, config: TargetConfig) -> None:
        self.group = group
        self.config = config
        self.checks = Checks()
        self.draining = False
        self.idle = asyncio.Event()
        self.idle.set()
        self._in_flight: dict[int, Cut] = {}
        self._number = 0

    @property
    def health(self) -> Health:
        """The health that DescribeTargetHealth should return."""
        return DRAINING if self.draining else self.checks.health

    @property
    def outstanding(self) -> int:
        """How many requests are in flight."""
        return len(self._in_flight)

    @contextmanager
    def request(self, cut: Cut) -> Generator[None, None, None]:
        """Count one request as in flight; `cut` ends it if the target is given up."""
        self._number += 1
        number = self._number
        self._in_flight[number] = cut
        self.idle.clear()
        try:
            yield
        finally:
            del self._in_flight[number]
            if not self._in_flight:
                self.idle.set()

    def cut(self) -> None:
        """End all requests in flight."""
        for cut in list(self._in_flight.values()):
            cut()


class TargetGroup:
    """One target group."""

    def __init__(self, config: GroupConfig) -> None:
        self.config = config
        self.targets: dict[Key, Target] = {}
        self._eligible: list[Target] | None = None
        self._turn = 0

    def changed(self) -> None:
        """Note that a target came, went, drains, or changed its health or address."""
        self._eligible = None

    def choose(self) -> Target | None:
        """Return the target for the next request, in turn; None if there is none.

        If no target is healthy, all registered ones get requests ("fail open").
        """
        eligible = self._eligible
        if eligible is None:
            registered = [t for t in self.targets.values() if not t.draining and t.config.address is not None]
            healthy = [target for target in registered if target.health.state == "healthy"]
            eligible = self._eligible = healthy or registered
        if not eligible:
            return None
        self._turn += 1
        return eligible[self._turn % len(eligible)]

    def count(self, state: str) -> int:
        """Return how many targets are in a state."""
        return sum(target.health.state == state for target in self.targets.values())
