"""A client of the aws process's internal API (docs/architecture.md, "Internal API")."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from sandbox.service import keys

LOG = logging.getLogger(__name__)

WAIT = 20.0  # seconds that a long poll may last
MARGIN = 10.0  # seconds that its answer may be late before the poll is given up
FIRST_DELAY, LAST_DELAY = 0.2, 5.0  # seconds between attempts, doubling
FAILURES = (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError)


class InternalApiError(Exception):
    """The aws process refused a post, or it could not be delivered in time."""


class InternalApi:
    """Follows resources of the aws process at `endpoint` and posts to it; outlives its restarts."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: str) -> None:
        self._session = session
        self._headers = keys.bearer(keys.of_session())
        self._base = f"{endpoint.rstrip('/')}/_sandbox/"

    async def follow(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """Yield each state of a resource, and the unchanged state after each poll. Never ends, never raises."""
        version, delay = -1, FIRST_DELAY
        while True:
            try:
                answer = await self._poll(path, version)
            except FAILURES as problem:
                LOG.warning("%s%s: %s; trying again in %.1f s", self._base, path, describe(problem), delay)
                await asyncio.sleep(delay)
                version, delay = -1, min(delay * 2, LAST_DELAY)
                continue
            version, delay = int(answer["version"]), FIRST_DELAY
            yield answer

    async def _poll(self, path: str, version: int) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=WAIT + MARGIN, sock_connect=MARGIN)
        query = {"after": str(version), "wait": str(int(WAIT))}
        async with self._session.get(
            self._base + path, params=query, headers=self._headers, timeout=timeout
        ) as response:
            response.raise_for_status()
            return await response.json()

    async def post(self, path: str, body: dict[str, Any], *, attempts: int = 4) -> None:
        """Deliver `body`. Raises InternalApiError if it is refused (4xx), or after `attempts` failures."""
        delay = FIRST_DELAY
        for attempt in range(1, attempts + 1):
            try:
                await self._post(path, body)
                return
            except FAILURES as problem:
                if attempt == attempts:
                    raise InternalApiError(f"POST {self._base}{path}: {describe(problem)}") from problem
            await asyncio.sleep(delay)
            delay *= 2

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        timeout = aiohttp.ClientTimeout(total=MARGIN)
        async with self._session.post(self._base + path, json=body, headers=self._headers, timeout=timeout) as response:
            if 400 <= response.status < 500:
                said = (await response.text())[:200]
                raise InternalApiError(f"POST {self._base}{path} answered {response.status}: {said}")
            response.raise_for_status()


def describe(problem: BaseException) -> str:
    """Return an exception's message, or its class's name if it has none."""
    return str(problem) or type(problem).__name__
