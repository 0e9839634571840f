"""Make the health checks of Route 53, know their status, and report it to the aws process.

One checker has the place of those that Route 53 has in many regions. It depends on no region: it goes on whatever
fault there is in one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from sandbox.dns.config import ENDPOINTS, Config, HealthCheck
from sandbox.dns.endpoints import endpoint
from sandbox.dns.probe import FAILED, Verdict, probe
from sandbox.service.internal_api import InternalApi, InternalApiError

LOG = logging.getLogger(__name__)
METRICS = {"region": "us-east-1", "namespace": "AWS/Route53"}  # where CloudWatch has Route 53's metrics


class Checker:
    """All health checks of one sandbox."""

    def __init__(self, api: InternalApi) -> None:
        self._api = api
        self._config = Config()
        self._checks: dict[str, HealthCheck] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def apply(self, config: Config) -> None:
        """Make the checks of a configuration from now on. A check whose settings changed starts afresh."""
        self._config = config
        wanted = {check.id: check for check in config.health_checks}
        for id_ in [id_ for id_, check in self._checks.items() if wanted.get(id_) != check]:
            self._tasks.pop(id_).cancel()
            del self._checks[id_]
            if id_ not in wanted:
                self._verdicts.pop(id_, None)
        for id_ in wanted.keys() - self._checks.keys():
            self._checks[id_] = wanted[id_]
            self._tasks[id_] = asyncio.create_task(self._run(wanted[id_]))

    def close(self) -> None:
        """End all checks."""
        for task in self._tasks.values():
            task.cancel()

    def healthy(self, id_: str) -> bool:
        """Return the status of a health check; one that is not there, or that is disabled, counts as healthy."""
        check = self._checks.get(id_)
        if check is None:
            return True
        return self._is_healthy(check) != check.inverted

    def _is_healthy(self, check: HealthCheck) -> bool:
        if check.disabled:
            return True
        if check.type == "CALCULATED":
            return sum(self.healthy(child) for child in check.children) >= check.children_needed
        return self._verdicts.get(check.id, Verdict()).healthy

    def describe(self) -> Mapping[str, bool]:
        """Return the status of each health check."""
        return {id_: self.healthy(id_) for id_ in self._checks}

    async def _run(self, check: HealthCheck) -> None:
        """Check, report, and wait for the interval, which begins when the endpoint has answered."""
        while True:
            said = await self._check(check)
            await self._report(check, said)
            await asyncio.sleep(check.interval)

    async def _check(self, check: HealthCheck) -> str:
        if check.disabled or check.type not in ENDPOINTS:
            return "Success: nothing is asked"
        where = endpoint(self._config, self.healthy, check)
        said = where if isinstance(where, str) else await probe(check, where)
        before = self._verdicts.get(check.id, Verdict())
        verdict = before.after(not said.startswith(FAILED), check.threshold)
        self._verdicts[check.id] = verdict
        if verdict != before:
            LOG.info("%s (%s): %s; healthy: %s", check.id, check.fqdn or check.ip, said, verdict.healthy)
        return said

    async def _report(self, check: HealthCheck, said: str) -> None:
        healthy = self.healthy(check.id)
        seen = {"id": check.id, "healthy": healthy, "status": said}
        names = ("HealthCheckStatus", float(healthy)), ("HealthCheckPercentageHealthy", 100.0 * healthy)
        data: list[dict[str, Any]] = [
            {"name": name, "value": value, "dimensions": {"HealthCheckId": check.id}} for name, value in names
        ]
        try:
            await self._api.post("health-checks", {"health_checks": [seen]}, attempts=2)
            await self._api.post("metrics", {**METRICS, "data": data}, attempts=2)
        except InternalApiError as problem:
            LOG.warning("%s: its status could not be reported: %s", check.id, problem)
