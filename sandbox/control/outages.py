"""The faults that concern a whole region, what all regions share, or the way between two of them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session

from sandbox.control.asking import Declare
from sandbox.errors import SandboxError

KINDS = ("region", "global", "replication")
Faults = Mapping[str, Any]


def add(declare: Declare, seconds: Callable[[str], float]) -> None:
    """Declare these faults; each has `--end`."""
    region = declare("region", help="let nothing in a region answer: AWS, its instances, its load balancers")
    region.add_argument("region", help="for example eu-west-1")
    region.add_argument(
        "--calls", action="store_true", help="only its AWS, and not to its own instances: what serves there goes on"
    )
    everywhere = declare("global", help="refuse what only us-east-1 can change: IAM, Route 53, settings of buckets, …")
    replication = declare("replication", help="let S3 copy objects to other buckets later, or not at all")
    how = replication.add_mutually_exclusive_group(required=True)
    how.add_argument("--lag", type=seconds, metavar="SECONDS", help="from 0 to 86400")
    how.add_argument("--stall", action="store_true", help="copy nothing until this ends")
    how.add_argument("--end", action="store_true", help="end this fault; what waited is copied now")
    for kind in (region, everywhere):
        kind.add_argument("--end", action="store_true", help="end this fault")


def wanted(options: argparse.Namespace, now: Faults) -> dict[str, Any]:
    """Return the body of `POST /_sandbox/faults`, given the faults of now. Raises SandboxError: no such region."""
    if options.fault == "global":
        return {"global_writes": not options.end}
    if options.fault == "replication":
        if options.end:
            return {"replication_lag": 0, "replication_stalled": False}
        return {"replication_stalled": True} if options.stall else {"replication_lag": options.lag}
    region = _known(options.region)
    kinds = ("dark", "unreachable") if options.end and not options.calls else (_kind(options),)
    return {kind: [*(each for each in now[kind] if each != region), *_more(options, region)] for kind in kinds}


def _kind(options: argparse.Namespace) -> str:
    return "unreachable" if options.calls else "dark"


def _more(options: argparse.Namespace, region: str) -> list[str]:
    return [] if options.end else [region]


def _known(region: str) -> str:
    known = botocore.session.get_session().get_available_regions("ec2")
    if region in known:
        return region
    hint = " (a zone; `fault zone` fails one)" if re.fullmatch(r"[a-z-]+-\d[a-z]", region) else ""
    raise SandboxError(f"AWS has no region {region[:100]!r}{hint}; it has {', '.join(known)}")
