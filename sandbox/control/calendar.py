"""Set what time it is for the scheduled actions of the sandbox's groups: `python -m sandbox calendar`."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone

from sandbox.control import asking
from sandbox.paths import SANDBOX


def add(declare: asking.Declare) -> None:
    """Declare `calendar`."""
    parser = declare(
        "calendar", help="set what time it is for scheduled work and sizes; without a time, this machine's"
    )
    parser.add_argument("time", nargs="?", type=_time, help="such as 2026-01-31T02:29:55Z; it goes on from there")
    parser.set_defaults(run=_run)


def _time(text: str) -> str:
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is no time such as 2026-01-31T02:29:55Z") from None
    return (read if read.tzinfo else read.replace(tzinfo=timezone.utc)).isoformat()


def _run(options: argparse.Namespace) -> int:
    answer = asking.post(asking.running(SANDBOX), "aws", "/_sandbox/calendar", {"now": options.time})
    print(f"for scheduled actions it is {answer['now']}")
    return 0
