"""How many calls the sandbox's AWS was asked for: `python -m sandbox calls`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.control import asking, git_shim
from sandbox.paths import SANDBOX


def add(declare: asking.Declare) -> None:
    """Declare `calls`."""
    parser = declare("calls", help="count the AWS calls by region and service, and the git commands")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--outside", action="store_true", help="print JSON: only the calls of others than instances")
    parser.add_argument("--reset", action="store_true", help="begin again at zero after this")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    state = asking.running(SANDBOX)
    method = "DELETE" if options.reset else "GET"
    counts = asking.ask(state, "aws", method, "/_sandbox/calls")[1]
    git = git_shim.count(SANDBOX, reset=options.reset)
    if options.outside:
        print(json.dumps(outside(counts)))
    else:
        print(json.dumps({"regions": counts, "git": git}) if options.json else "\n".join(table(counts, git)))
    return 0


def outside(counts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, int]:
    """Return the calls by region that were not made by instances. Pure."""
    return {region: sum(int(each["outside"]) for each in services.values()) for region, services in counts.items()}


def table(counts: Mapping[str, Mapping[str, Mapping[str, Any]]], git: int) -> Iterator[str]:
    """Yield the lines of a table of counts, by region and service. Pure."""
    yield f"{'REGION':<16}{'SERVICE':<24}{'OUTSIDE':>8}{'INSTANCES':>11}"
    for region, services in counts.items():
        for service, numbers in services.items():
            yield f"{region:<16}{service:<24}{numbers['outside']:>8}{numbers['instances']:>11}"
    yield f"git commands: {git}"
