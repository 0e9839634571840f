"""Finds regions that AWS does not have, before anything is asked of them. Reads botocore's list of endpoints."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from functools import cache

import botocore.session

from infra.settings import Settings
from infra.settings.problems import set_command


def problems(settings: Settings, known: Collection[str] | None = None) -> Iterator[str]:
    """Yield the settings that name a region which AWS does not have; `known` are those it has."""
    regions = sorted(available() if known is None else known)
    replica = settings.artifacts.replica
    named = {"aws:region": settings.region, "artifacts.replica.region": replica.region if replica else None}
    for path, region in named.items():
        if region and region not in regions:
            yield f"{path}: AWS has no region {region}; {_instead(path, region, regions)}"


@cache
def available() -> frozenset[str]:
    """Return the regions in which botocore knows EC2, of all partitions."""
    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    return frozenset(region for each in partitions for region in session.get_available_regions("ec2", each))


def _instead(path: str, region: str, regions: Collection[str]) -> str:
    close = difflib.get_close_matches(region, regions, n=1)
    if not close:
        return f"it has {', '.join(regions)}; if it is a new one, upgrade boto3"
    command = f"pulumi config set aws:region {close[0]}" if path == "aws:region" else set_command(path, close[0])
    return f"did you mean {close[0]}? Set it with `{command}`; if it is a new one, upgrade boto3"
