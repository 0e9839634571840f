"""Check the health of targets, and judge it by a run of checks.

Source: "Health checks for Application Load Balancer target groups" in the ELB user guide.
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
class Checks:
    """A target's health, and how many checks in a row agreed: `run` is above 0 for successes, below for failures."""

    health: Health = REGISTERING
    run: int = 0

    def after(self, failure: Health | None, check: HealthCheck) -> Checks:
        """Return the state after one more check, which succeeded (None) or failed.

        The first success makes a new target healthy; from then on the thresholds count.
        """
        if failure is None:
            run = max(self.run, 0) + 1
            recovered = self.health.state == "initial" or run >= check.healthy_threshold
            return Checks(HEALTHY if recovered else self.health, run)
        run = min(self.run, 0) - 1
        if self.health.state == "unhealthy" or -run >= check.unhealthy_threshold:
            return Checks(failure, run)
        return replace(self, health=CHECKING if self.health.state == "initial" else self.health, run=run)


async def probe(session: aiohttp.ClientSession, address: str, check: HealthCheck) -> Health | None:
    """Check a target once; returns None on success. `session` must not keep connections: each check opens its own."""
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
