"""What a drill asks outside of AWS: the URL of the stack, and the commands that it was given."""

from __future__ import annotations

import http.client
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, cast

from release.errors import DrillError
from release.text import one_line

TOLD = 120.0
"""Seconds for a command of --lift or --contacted."""


def status(url: str, timeout: float) -> tuple[int | None, str]:
    """Return the status with which a URL answers, or None, and in words what is wrong with it ("" for 2xx).

    It is asked as a client would: through no proxy.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout) as answer:
            return int(answer.status), ""
    except urllib.error.HTTPError as error:
        return error.code, f"{url} answers {error.code} {error.reason}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return None, f"{url} does not answer: {getattr(error, 'reason', None) or error}"


def told(option: str, command: str) -> str:
    """Return what a command prints. Raises DrillError if it fails."""
    try:
        ran = subprocess.run(
            ["bash", "-c", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TOLD,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DrillError(f"{option}: `{command}` was not done after {TOLD:.0f} s") from None
    if ran.returncode:
        said = one_line(ran.stderr or ran.stdout, 300)
        raise DrillError(f"{option}: `{command}` failed with exit status {ran.returncode}: {said}")
    return ran.stdout


def calls_by_region(text: str) -> Mapping[str, int]:
    """Return the calls that a `--contacted` command told: JSON, `{"eu-west-1": 0, ...}`. Raises DrillError."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = None
    counts = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if not isinstance(found, dict) or not all(type(count) is int for count in counts.values()):
        raise DrillError('--contacted: the command must print JSON such as {"eu-west-1": 0, "eu-central-1": 214}')
    return counts
