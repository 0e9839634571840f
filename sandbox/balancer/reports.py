"""Report the health of targets to the aws process: the latest state of each, until it is delivered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sandbox.balancer.targets import Key, Target
from sandbox.service.internal_api import InternalApi, InternalApiError
from sandbox.service.target_health import Health

LOG = logging.getLogger(__name__)
RETRY = 1.0  # seconds until a failed delivery is tried again; the post itself has already backed off
AGAIN = 15.0  # seconds after which everything is reported again


class HealthReports:
    """Posts changes in batches; a change that cannot be delivered is kept until it can, or until a newer one comes."""

    def __init__(self, api: InternalApi) -> None:
        self._api = api
        self._pending: dict[tuple[str, Key], Health] = {}
        self._reported: dict[tuple[str, Key], Health] = {}
        self._wake = asyncio.Event()

    def put(self, target: Target, health: Health) -> None:
        """Report a target's health, unless that is what was last reported."""
        key = (target.group, (target.config.id, target.config.port))
        if self._reported.get(key) != health:
            self._pending[key] = health
            self._wake.set()

    def forget(self, group: str, key: Key) -> None:
        """Forget a target that is no longer registered."""
        self._pending.pop((group, key), None)
        self._reported.pop((group, key), None)

    async def run(self, everything: Callable[[], None]) -> None:
        """Deliver until cancelled; `everything` is called now and then to put the health of every target."""
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), AGAIN)
            except asyncio.TimeoutError:
                self._reported.clear()
                everything()
            self._wake.clear()
            batch, self._pending = self._pending, {}
            if batch:
                await self._deliver(batch)

    async def _deliver(self, batch: dict[tuple[str, Key], Health]) -> None:
        self._reported.update(batch)
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
                self._reported.pop(key, None)
            self._pending = {**batch, **self._pending}
            asyncio.get_running_loop().call_later(RETRY, self._wake.set)
