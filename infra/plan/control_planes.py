"""Asks the global control planes whether they take writes, where a stack has yet to be made.

IAM and Route 53 take writes in one region only, us-east-1 for most, wherever a stack is (AWS Fault Isolation
Boundaries, "Global services"). Each is asked by a write that changes nothing, because what it is about does not exist.
A stack that stands needs neither: then nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from infra.settings import Settings
from release import names
from release.clients import FAILURES, SHORTLY, client, code, described
from release.rollout.observed import DeployedFleet
from release.store.replica import silent

_PROBE = "slipway-probe"
_HOMES = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


def problems(settings: Settings, there: Sequence[DeployedFleet]) -> list[str]:
    """Return what the stack needs of a control plane that takes no writes now."""
    known = {found.name for found in there}
    new = [name for name in settings.fleets if name not in known]
    if not new:
        return []
    roles = [names.role_name(settings.stack, name, settings.region) for name in new]
    asked = {"IAM": (lambda: _iam(settings.region, roles[0]), f"the roles of its instances ({', '.join(roles)})")}
    balancer = settings.load_balancer
    if balancer.domain and balancer.hosted_zone and not known:
        zone, domain = balancer.hosted_zone, balancer.domain
        asked["Route 53"] = (
            lambda: _route53(settings.region, zone, domain),
            f"the records of {domain}",
        )
    with ThreadPoolExecutor() as threads:
        answers = {plane: threads.submit(unavailable, ask) for plane, (ask, _) in asked.items()}
    return [
        refusal(plane, why, asked[plane][1], settings) for plane, answer in answers.items() if (why := answer.result())
    ]


def unavailable(ask: Callable[[], object]) -> str:
    """Return why a control plane takes no writes, or "". Any answer of its own means that it does."""
    try:
        ask()
    except FAILURES as error:
        if not silent(error):
            return ""
        return code(error) if isinstance(error, ClientError) else described(error)
    return ""


def refusal(plane: str, why: str, needed: str, settings: Settings) -> str:
    """Return the error. Pure."""
    home = _HOMES[names.partition(settings.region)]
    return (
        f"{plane} takes no writes now ({why}), and {needed} have yet to be made: its control plane is in {home}, for "
        f"all regions. Nothing was changed. Wait for it (https://health.aws.amazon.com), and run the same command "
        "again. A stack that stands as pilot-light or warm (recovery.posture) needs none of it to become active"
    )


def _iam(region: str, role: str) -> None:
    client("iam", region, SHORTLY).untag_role(RoleName=role, TagKeys=[_PROBE])


def _route53(region: str, zone: str, domain: str) -> None:
    """Delete a record that is not there. Route 53 makes all changes of a batch, or none."""
    client("route53", region, SHORTLY).change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "DELETE",
                    "ResourceRecordSet": {
                        "Name": f"_{_PROBE}.{domain}",
                        "Type": "TXT",
                        "TTL": 60,
                        "ResourceRecords": [{"Value": f'"{_PROBE}"'}],
                    },
                }
            ]
        },
    )
