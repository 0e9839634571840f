"""Measures how long a deploy takes, beside the instance refresh that is in it, and an `up` that changes nothing.

`python -m benchmarks.deploy [--rounds N]`, with a sandbox that serves this checkout's `examples/shop` (`make up`):
deploys two commits of this repository in turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import boto3

from benchmarks.rounds import report

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient

CHECKOUT = Path(__file__).resolve().parent.parent
GROUP = "slipway-sandbox-web"


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    scaling = cast("AutoScalingClient", boto3.client("autoscaling", **_sandbox()))
    measured: dict[str, list[float]] = {"up, a new release": [], "its instance refresh": [], "up, nothing new": []}
    for number in range(options.rounds):
        ref = "HEAD~1" if number % 2 == 0 else "HEAD"
        measured["up, a new release"].append(_up(ref))
        newest = scaling.describe_instance_refreshes(AutoScalingGroupName=GROUP, MaxRecords=1)["InstanceRefreshes"][0]
        measured["its instance refresh"].append((newest["EndTime"] - newest["StartTime"]).total_seconds())
        measured["up, nothing new"].append(_up(ref))
    report(measured, base="its instance refresh")


def _up(ref: str) -> float:
    began = time.perf_counter()
    ran = subprocess.run(
        ["make", "--no-print-directory", "up", f"SHA={ref}"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        sys.exit(f"make up SHA={ref} failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return time.perf_counter() - began


def _sandbox() -> dict[str, str]:
    """Return boto3's arguments for the sandbox's AWS, as `python -m sandbox env` says it."""
    variables = "$AWS_ENDPOINT_URL $AWS_REGION $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"
    program = f'eval "$({sys.executable} -m sandbox env)" && echo {variables}'
    ran = subprocess.run(["bash", "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if ran.returncode or not ran.stdout.strip():
        sys.exit(f"no sandbox runs here, `make up` starts one: {ran.stderr.strip()}")
    endpoint, region, access, secret = ran.stdout.split()
    os.environ.update(AWS_ACCESS_KEY_ID=access, AWS_SECRET_ACCESS_KEY=secret)
    return {"endpoint_url": endpoint, "region_name": region}


if __name__ == "__main__":
    main()
