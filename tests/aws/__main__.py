"""Runs the tests of this folder against a real account: `make test-aws AWS_PROFILE=… AWS_REGION=… COSTS=agreed`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import uuid

from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.account import PROFILE, REGION, RUN, TAG, Account
from tests.aws.sweep import sweep

HOURS = 3.0
PRICES = {  # USD an hour, as listed for eu-west-1; an estimate, which nobody has compared with a bill
    "4 instances (t3.small), at most 9": 4 * 0.0228,
    "their volumes (16 GiB of gp3 each)": 4 * 16 * 0.088 / 730,
    "a load balancer that serves nobody": 0.0252 + 0.008,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the tests, or only remove what earlier runs left; return pytest's exit code, or 2 where it is refused."""
    parser = argparse.ArgumentParser(prog="make test-aws", description=__doc__)
    parser.add_argument("--profile", default="", help="AWS_PROFILE=")
    parser.add_argument("--region", default="", help="AWS_REGION=")
    parser.add_argument("--costs", default="", help="COSTS=agreed")
    parser.add_argument("--sweep", default="", help="SWEEP=yes: only remove what earlier runs left")
    options, tests = parser.parse_known_args(arguments)
    if not (options.profile and options.region):
        return refuse(
            "name the account and the region on purpose: make test-aws AWS_PROFILE=name AWS_REGION=region; "
            "what the environment holds does not count"
        )
    account = Account(profile=options.profile, region=options.region, run=uuid.uuid4().hex[:6])
    try:
        who = account.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return refuse(f"profile {options.profile}, region {options.region}: {error}")
    print(f"account {who['Account']}, as {who['Arn']}, region {options.region}", file=sys.stderr)
    if options.sweep:
        return 1 if sweep(account, everything=True) else 0
    print(estimate(), file=sys.stderr)
    if options.costs != "agreed":
        return refuse("nothing was made; to go on, run it again with COSTS=agreed")
    return run(account, tests or ["tests/aws"])


def refuse(why: str) -> int:
    """Say why nothing is done."""
    print(f"error: {why}", file=sys.stderr)
    return 2


def estimate() -> str:
    """Return what a whole run may cost."""
    lines = [f"  {what:<40} {price * HOURS:5.2f} USD" for what, price in PRICES.items()]
    total = sum(PRICES.values()) * HOURS
    head = f"about {total:.2f} USD for some {HOURS:.0f} hours, at the prices listed for eu-west-1:"
    return "\n".join([head, *lines])


def run(account: Account, tests: list[str]) -> int:
    """Run the tests, and remove what they made however they end."""
    environment = {PROFILE: account.profile, REGION: account.region, RUN: account.run}
    print(f"run {account.run}: all of it is tagged {TAG}={account.run}", file=sys.stderr)
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--timeout=5400", *tests]
    tests_run = subprocess.Popen(command, env={**os.environ, **environment})
    # A signal ends the tests (the terminal sends them Ctrl-C too), and never what removes their instances.
    signal.signal(signal.SIGINT, lambda _signal, _frame: None)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: tests_run.terminate())
    code = tests_run.wait()
    print("removing what the tests made", file=sys.stderr)
    left = sweep(account)
    if left:
        print("still there, and perhaps charged for:\n  " + "\n  ".join(left), file=sys.stderr)
        print("run it again with SWEEP=yes", file=sys.stderr)
    return code or int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
