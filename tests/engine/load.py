"""A bounded open-loop client: it asks at a steady rate, whether answers come or not, and counts what came.

`python load.py URL RATE SECONDS` prints one line of JSON when it is ended by SIGTERM, or after SECONDS.
Loopback only: it is for measuring what a rollout does to requests in the sandbox.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from urllib.parse import urlsplit

import aiohttp


async def ask(session: aiohttp.ClientSession, url: str, seen: Counter[str], problems: Counter[str]) -> None:
    """One request; what answered is the release it names."""
    try:
        async with session.get(url) as response:
            await response.read()
            if response.status == 200:
                seen[response.headers.get("X-Release", "none")] += 1
            else:
                problems[str(response.status)] += 1
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as problem:
        problems[f"{type(problem).__name__}: {problem}"] += 1


async def load(url: str, rate: float, seconds: float) -> dict[str, dict[str, int]]:
    """Asks `rate` times a second, for `seconds` at the most."""
    seen: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    began = loop.time()
    under_way: set[asyncio.Task[None]] = set()
    timeout = aiohttp.ClientTimeout(total=15)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        sent = 0
        while loop.time() - began < seconds and not ended.is_set():
            task = asyncio.create_task(ask(session, url, seen, problems))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            sent += 1
            await asyncio.sleep(max(0, began + sent / rate - loop.time()))
        await asyncio.gather(*under_way)
    return {"releases": dict(seen), "failed": dict(problems)}


def main() -> None:
    """Refuses any address but loopback."""
    url, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    if urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
        sys.exit("loopback only")
    print(json.dumps(asyncio.run(load(url, rate, seconds))))


if __name__ == "__main__":
    main()
