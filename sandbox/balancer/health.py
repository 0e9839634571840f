"""Health checks: what one of them says, and what a row of them makes of a target.

States, reasons and descriptions are those of ELBv2's TargetHealth; the counting is that of the user guide's
"Health checks for Application Load Balancer target groups".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import aiohttp
from yarl import URL

from sandbox.balancer.config import HealthCheck
from sandbox.service.target_health import CHECKING, FAILED, HEALTHY, REGISTERING, TIMED_OUT, Health, mismatch

AGENT = "ELB-HealthChecker/2.0"


@dataclass(frozen=True)
class Record:
    """A target's health and how many checks in a row agreed (`run`), successes positive and failures negative."""

    health: Health = REGISTERING
    run: int = 0

    def after(self, failure: Health | None, check: HealthCheck) -> Record:
        """The record after one more check, which failed as `failure` says or succeeded.

        The first success makes a new target healthy; from then on the thresholds count.
        """
        if failure is None:
            run = max(self.run, 0) + 1
            recovered = self.health.state == "initial" or run >= check.healthy_threshold
            return Record(HEALTHY if recovered else self.health, run)
        run = min(self.run, 0) - 1
        if self.health.state == "unhealthy" or -run >= check.unhealthy_threshold:
            return Record(failure, run)
        return replace(self, health=CHECKING if self.health.state == "initial" else self.health, run=run)


async def probe(session: aiohttp.ClientSession, address: str, check: HealthCheck) -> Health | None:
    """One check; None where it succeeds. `session` must not keep connections: each check opens its own."""
    url = URL(f"http://{address}{check.path}", encoded=True)
    timeout = aiohttp.ClientTimeout(total=check.timeout)
    headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip, compressed", "Connection": "close"}
    try:
        async with session.get(
            url, timeout=timeout, headers=headers, skip_auto_headers=("Accept",), allow_redirects=False
        ) as response:
            return None if check.matches(response.status) else mismatch(response.status)
    except (asyncio.TimeoutError, TimeoutError):
        return TIMED_OUT
    except (aiohttp.ClientError, OSError, ValueError):
        return FAILED
