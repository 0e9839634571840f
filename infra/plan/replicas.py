"""Checks of the store's replica against what there is in its region, before anything is declared.

A problem is a line that begins with the setting. A region that does not answer is one too, as the release would not get
there; where a deploy goes on without its replica it is a warning, and in a preview, which deploys nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.plan import lookup
from infra.plan.found import Found
from infra.settings import Settings
from infra.settings.problems import set_command
from infra.settings.stack import ReplicaSettings
from infra.store.artifacts import bucket_of, replica_of
from release import names
from release.clients import FAILURES, SHORTLY, client, code
from release.store.replica import Peer, peer, silent

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CERTAIN = 12.0
"""Seconds after which a region is taken to be dark."""
_PAUSE = 0.5
_GONE, _FOREIGN = {"404", "NoSuchBucket"}, {"403", "AccessDenied"}


def look(settings: Settings, account: str, *, previewed: bool) -> Found:
    """Look at the replica of the stack's store. Raises what boto3 raises, and StoreError as `replica.peer` does."""
    wanted = settings.artifacts.replica
    if wanted is None:
        return Found()
    where = {"stack": settings.stack, "account": account}
    bucket = replica_of(wanted, **where)
    store = bucket_of(settings.artifacts, region=settings.region, **where)
    is_made = peer(store, client("s3", settings.region)) == Peer(bucket=bucket, region=wanted.region)
    if not is_made and (problem := _region(settings.region, wanted.region)):
        return Found(problems=[problem])
    s3 = client("s3", wanted.region, SHORTLY)
    try:
        _head(s3, bucket, account)
    except FAILURES as error:
        if silent(error):
            return _dark(settings, wanted, is_made=is_made, previewed=previewed)
        if isinstance(error, ClientError) and code(error) in _GONE:
            return Found(problems=_gone(bucket) if is_made else _role(settings))
        if isinstance(error, ClientError) and code(error) in _FOREIGN:
            return Found(problems=[_foreign(bucket, wanted.region)])
        raise
    there = _there(client("s3", wanted.region), bucket) if is_made else _taken(settings, wanted, bucket)
    return Found(problems=there)


def _head(s3: S3Client, bucket: str, account: str) -> None:
    """Look at the bucket; ask again where nothing comes back: a call that is throttled or lost is no outage."""
    ends = time.monotonic() + _CERTAIN
    while True:
        try:
            s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
        except FAILURES as error:
            answered = isinstance(error, ClientError) and code(error) in _GONE | _FOREIGN
            if answered or time.monotonic() >= ends:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _region(region: str, wanted: str) -> str | None:
    """Return the problem of a region that the account does not have: asked in the stack's own."""
    shown = client("ec2", region).describe_regions(AllRegions=True)["Regions"]
    status = {each.get("RegionName"): each.get("OptInStatus") for each in shown}.get(wanted, "not-opted-in")
    if status != "not-opted-in":
        return None
    return (
        f"artifacts.replica.region: {wanted} is not enabled for this account; enable it with "
        f"`aws account enable-region --region-name {wanted}`, or choose another one"
    )


def _there(s3: S3Client, bucket: str) -> list[str]:
    status = s3.get_bucket_versioning(Bucket=bucket).get("Status")
    if status == "Enabled":
        return []
    return [
        f"artifacts.replica: bucket {bucket} keeps no versions ({status or 'never enabled'}), so that S3 replicates "
        f"nothing to it; run `aws s3api put-bucket-versioning --bucket {bucket} "
        "--versioning-configuration Status=Enabled`"
    ]


def _taken(settings: Settings, wanted: ReplicaSettings, bucket: str) -> list[str]:
    return [
        f"artifacts.replica.bucket: {problem}; name another one with "
        f"`{set_command('artifacts.replica.bucket', 'NAME')}`"
        for problem in lookup.taken(settings.stack, lookup.of_buckets(wanted.region, [bucket]))
    ] + _role(settings)


def _role(settings: Settings) -> list[str]:
    role = names.replication_role_name(settings.stack, settings.region)
    return [
        f"artifacts.replica: {problem}; stack {settings.stack} would need it to replicate its store"
        for problem in lookup.taken(settings.stack, lookup.of_roles(settings.region, [role]))
    ]


def _gone(bucket: str) -> list[str]:
    return [
        f"artifacts.replica: bucket {bucket}, to which the store is replicated, is gone; "
        "`pulumi up --refresh` makes it again, and `python -m release replicate` fills it"
    ]


def _foreign(bucket: str, region: str) -> str:
    return (
        f"artifacts.replica.bucket: {bucket} in {region} belongs to another account, or the caller may not look at it "
        f"(s3:ListBucket); name another one with `{set_command('artifacts.replica.bucket', 'NAME')}`"
    )


def _dark(settings: Settings, wanted: ReplicaSettings, *, is_made: bool, previewed: bool) -> Found:
    said = f"artifacts.replica.region: {wanted.region} does not answer"
    if not is_made:
        return Found(
            problems=[f"{said}, and the replica is not made yet; try again later, or remove artifacts.replica"]
        )
    if settings.unreplicated or not wanted.required:
        return Found(warnings=[f"{said}: what is deployed is in {settings.region} alone"])
    problem = f"{said}, so that nothing can be recoverable; `SLIPWAY_UNREPLICATED=1 pulumi up` deploys all the same"
    return Found(warnings=[f"`pulumi up` will be refused: {problem}"]) if previewed else Found(problems=[problem])
