"""What a drill asks AWS: what the two stores hold, what stands, what the isolated stack's instances prove."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from release import names
from release.clients import client, explained
from release.drill.measures import Listing
from release.drill.report import AlarmState, Proof, Served
from release.errors import ManifestError
from release.rollout.observe import Fleets, served
from release.store.ledger import Ledger
from release.store.releases import Store

_POLL = 5.0
"""Seconds between two looks at the alarms."""
_EVENTS = 200
_WAYS = {
    "pilot-light": "a failover starts instances: `python -m release activate`",
    "warm": "a failover needs no change to begin with, and more instances: `python -m release activate`",
}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A store in one region. Its client is made when it is used: within a cut-off, or without."""

    name: str
    region: str

    def listing(self) -> Listing:
        """Return what is in the bucket of releases and events (ListObjectsV2). Raises StoreError."""
        s3 = client("s3", self.region)
        keys: dict[str, datetime] = {}
        with explained("list the store", f"bucket {self.name}, region {self.region}"):
            for prefix in ("releases/", "ledger/"):
                for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
                    keys |= {each["Key"]: each["LastModified"] for each in page.get("Contents", [])}
        return Listing(keys=keys)

    def digest(self, sha: str) -> str:
        """Return the digest in the manifest of a release; "" if there is none that can be read."""
        try:
            manifest = Store(self.name, client("s3", self.region)).manifest(sha)
        except ManifestError:
            return ""
        return manifest.digest if manifest else ""

    def served_digest(self, sha: str, stack: str) -> str:
        """Return the digest with which a stack last served a release, by the ledger; "" if it never did."""
        events = Ledger(self.name, client("s3", self.region)).history(stack, limit=_EVENTS)
        return next((event.digest for event in events if event.sha == sha and event.outcome == "succeeded"), "")


def standing(stack: str, region: str) -> tuple[str, str]:
    """Return the posture of a stack as its groups say it, and in words what stands and what a failover would do."""
    with explained("look for the stack's fleets", f"region {region}"):
        fleets = Fleets(region).of_stack(stack)
    if not fleets:
        return "cold", "nothing: a failover brings up everything, as this drill did"
    posture = "/".join(sorted({fleet.posture for fleet in fleets if fleet.posture})) or "active"
    sizes = ", ".join(f"{fleet.group.name} with {fleet.group.desired} instances" for fleet in fleets)
    return posture, f"{posture} ({sizes}); {_WAYS.get(posture, 'a failover needs no change')}"


def proofs(stack: str, region: str, sha: str, digest: str) -> Served:
    """Return what the instances of a stack reported that they run."""
    fleets = Fleets(region)
    with explained("ask the instances what they serve", f"region {region}"):
        found = [(fleet, served(fleets, fleet.group, fleet.log_group)) for fleet in fleets.of_stack(stack)]
    return Served(
        sha=sha,
        digest=digest,
        wanted=sum(serving.wanted for _, serving in found),
        proofs=tuple(
            Proof(fleet=fleet.name, instance=instance, digest=reported)
            for fleet, serving in found
            for instance, reported in sorted(serving.digests.items())
            if serving.counts.get(sha)
        ),
    )


def watch_alarms(stack: str, region: str, seconds: float) -> list[AlarmState]:
    """Watch the alarms of a stack for some seconds; return the last state of each, and whether it ever fired."""
    ended = time.monotonic() + seconds
    fired: set[str] = set()
    while True:
        states = _alarms(stack, region)
        fired |= {name for name, state in states.items() if state == "ALARM"}
        left = ended - time.monotonic()
        if left <= 0:
            return [AlarmState(name=name, state=state, fired=name in fired) for name, state in sorted(states.items())]
        pause(min(_POLL, left))


def _alarms(stack: str, region: str) -> dict[str, str]:
    pages = client("cloudwatch", region).get_paginator("describe_alarms")
    with explained("look at the alarms", f"region {region}"):
        return {
            str(alarm["AlarmName"]): str(alarm["StateValue"])
            for page in pages.paginate(AlarmNamePrefix=f"{names.prefix(stack)}-")
            for alarm in page["MetricAlarms"]
        }


def left_over(stack: str, region: str) -> list[str]:
    """Return the groups and networks of a stack that still exist."""
    ec2 = client("ec2", region)
    with explained("look for what is left over", f"region {region}"):
        groups = [fleet.group.name for fleet in Fleets(region).of_stack(stack)]
        filters: Any = [{"Name": f"tag:{names.STACK_TAG}", "Values": [stack]}]
        networks = [str(vpc["VpcId"]) for vpc in ec2.describe_vpcs(Filters=filters)["Vpcs"]]
    return [*groups, *networks]


def pause(seconds: float) -> None:
    """Wait, in a way that signals end."""
    threading.Event().wait(seconds)
