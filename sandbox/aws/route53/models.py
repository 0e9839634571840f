"""Route 53's zones and health checks."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from moto.core.utils import utcnow
from moto.route53.exceptions import InvalidInput
from moto.route53.models import FakeZone, HealthCheck, Route53Backend, route53_backends

from sandbox.aws.route53.changes import changed
from sandbox.aws.state import state
from sandbox.dns.config import ENDPOINTS


@dataclass(frozen=True)
class Observation:
    """What the checker said last of a health check."""

    healthy: bool
    status: str
    at: datetime


class SandboxRoute53Backend(Route53Backend):
    """moto's Route 53 with batches that are made as a whole, and health checks with the status that was seen."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._observations: dict[str, Observation] = {}

    def create_hosted_zone(self, *args: Any, **kwargs: Any) -> FakeZone:  # noqa: ANN401 - moto's own
        """CreateHostedZone, whose SOA record has a value like any other; moto's is a mapping."""
        zone = super().create_hosted_zone(*args, **kwargs)
        for record in zone.rrsets:
            record.records = [str(v["Value"] if isinstance(v, dict) else v) for v in record.records or ()]
        return zone

    def change_resource_record_sets(self, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        """ChangeResourceRecordSets."""
        zone = self.get_hosted_zone(zoneid)
        zone.rrsets = changed(zone, change_list, self.health_checks)

    def create_health_check(self, caller_reference: str, health_check_args: dict[str, Any]) -> HealthCheck:
        """CreateHealthCheck, which looks at what it is given."""
        _check(health_check_args)
        return super().create_health_check(caller_reference, health_check_args)

    def delete_health_check(self, health_check_id: str) -> None:
        """DeleteHealthCheck, which AWS refuses for one that is not there."""
        self.get_health_check(health_check_id)
        super().delete_health_check(health_check_id)
        self._observations.pop(health_check_id, None)

    def observation(self, health_check_id: str) -> Observation | None:
        """Return what was seen last. Raises NoSuchHealthCheck."""
        self.get_health_check(health_check_id)
        return self._observations.get(health_check_id)

    def observed(self, health_check_id: str, *, healthy: bool, status: str) -> None:
        """Take what the checker saw."""
        if health_check_id in self.health_checks:
            self._observations[health_check_id] = Observation(healthy, status, utcnow())
            state.wake()


def _check(given: Mapping[str, Any]) -> None:
    """Raise InvalidInput as CreateHealthCheck does (its documentation in the API reference)."""
    if given["type"] not in ENDPOINTS:
        return
    if not given["fqdn"] and not given["ip_address"]:
        raise InvalidInput("Invalid parameter : FullyQualifiedDomainName or IPAddress must be specified")
    if given["ip_address"] and not _is_public(given["ip_address"]):
        raise InvalidInput(f"Invalid parameter : IPAddress {given['ip_address']} is local, private or not routable")
    if given["request_interval"] not in (None, 10, 30):
        raise InvalidInput("Invalid parameter : RequestInterval must be 10 or 30")
    if given["failure_threshold"] is not None and not 1 <= given["failure_threshold"] <= 10:
        raise InvalidInput("Invalid parameter : FailureThreshold must be from 1 to 10")
    if given["type"].endswith("STR_MATCH") != bool(given["search_string"]):
        raise InvalidInput("Invalid parameter : SearchString goes with HTTP_STR_MATCH and HTTPS_STR_MATCH")


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def sandbox_route53(account: str) -> SandboxRoute53Backend:
    """Return an account's backend; it is the same in all regions."""
    return cast(SandboxRoute53Backend, route53_backends[account]["aws"])
