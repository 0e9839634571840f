"""What is told of targets' health: the last word on each, until it is delivered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sandbox.balancer.targets import Key, Target
from sandbox.service.internal_api import InternalApi, InternalApiError
from sandbox.service.target_health import Health

LOG = logging.getLogger(__name__)
RETRY = 1.0  # seconds until a failed delivery is tried again; the post itself has backed off already
AGAIN = 15.0  # seconds after which everything is said again


class HealthReports:
    """Posts changes in batches; what cannot be delivered stays until it can, or is overtaken by news."""

    def __init__(self, api: InternalApi) -> None:
        self._api = api
        self._pending: dict[tuple[str, Key], Health] = {}
        self._said: dict[tuple[str, Key], Health] = {}
        self._wake = asyncio.Event()

    def put(self, target: Target, health: Health) -> None:
        """Report a target's health, where it is not what was last said of it."""
        key = (target.group, (target.config.id, target.config.port))
        if self._said.get(key) != health:
            self._pending[key] = health
            self._wake.set()

    def forget(self, group: str, key: Key) -> None:
        """A target is no longer registered."""
        self._pending.pop((group, key), None)
        self._said.pop((group, key), None)

    async def run(self, everything: Callable[[], None]) -> None:
        """Deliver until cancelled; `everything` puts the health of every target."""
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), AGAIN)
            except asyncio.TimeoutError:
                self._said.clear()
                everything()
            self._wake.clear()
            batch, self._pending = self._pending, {}
            if batch:
                await self._deliver(batch)

    async def _deliver(self, batch: dict[tuple[str, Key], Health]) -> None:
        self._said.update(batch)
        targets = [
            {
                "group": group,
                "id": id_,
                "port": port,
                "state": health.state,
                "reason": health.reason,
                "description": health.description,
            }
            for (group, (id_, port)), health in batch.items()
        ]
        try:
            await self._api.post("target-health", {"targets": targets})
        except InternalApiError as problem:
            LOG.warning("%s", problem)
            for key in batch:
                self._said.pop(key, None)
            self._pending = {**batch, **self._pending}
            asyncio.get_running_loop().call_later(RETRY, self._wake.set)
