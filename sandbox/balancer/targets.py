"""Target groups as they run: who is healthy, what is in flight, whose turn it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

from sandbox.balancer.config import GroupConfig, TargetConfig
from sandbox.balancer.health import Record
from sandbox.service.target_health import DRAINING, Health

Key = tuple[str, int]  # the id of the instance, and the target's port
Cut = Callable[[], object]


class Target:
    """One target. Draining begins with `drain` and has ended when `idle` is set, or with `cut`."""

    def __init__(self, group: str, config: TargetConfig) -> None:
        self.group = group
        self.config = config
        self.record = Record()
        self.draining = False
        self.idle = asyncio.Event()
        self.idle.set()
        self._in_flight: dict[int, Cut] = {}
        self._number = 0

    @property
    def health(self) -> Health:
        """What DescribeTargetHealth is to say."""
        return DRAINING if self.draining else self.record.health

    @property
    def outstanding(self) -> int:
        """How many requests are in flight."""
        return len(self._in_flight)

    @contextmanager
    def request(self, cut: Cut) -> Generator[None, None, None]:
        """Holds the target for one request; `cut` ends that request when the target is given up."""
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


class Group:
    """One target group."""

    def __init__(self, config: GroupConfig) -> None:
        self.config = config
        self.targets: dict[Key, Target] = {}
        self._eligible: list[Target] | None = None
        self._turn = 0

    def changed(self) -> None:
        """To be called when a target came, went, drains, or changed its health or address."""
        self._eligible = None

    def choose(self) -> Target | None:
        """The target for the next request; None where there is none.

        Where no target is healthy, all registered ones get requests ("fail open").
        """
        eligible = self._eligible
        if eligible is None:
            registered = [t for t in self.targets.values() if not t.draining and t.config.address is not None]
            healthy = [target for target in registered if target.health.state == "healthy"]
            eligible = self._eligible = healthy or registered
        if not eligible:
            return None
        self._turn += 1
        if self.config.attributes.get("load_balancing.algorithm.type") == "least_outstanding_requests":
            fewest = min(target.outstanding for target in eligible)
            eligible = [target for target in eligible if target.outstanding == fewest]
        return eligible[self._turn % len(eligible)]

    def count(self, state: str) -> int:
        """How many targets are in a state."""
        return sum(target.health.state == state for target in self.targets.values())
