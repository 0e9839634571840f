"""Where the endpoint of a health check is on this machine. Pure.

The one place that translates the ports of a real network to this machine's, where a load balancer's listeners have
others (443 is 8443, as an unprivileged process can't use 443) and its DNS name is no name that could be resolved.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.dns.answers import IsHealthy, answer
from sandbox.dns.config import Config, HealthCheck, LoadBalancer

NOT_RESOLVED = "Failure: DNS resolution failed: DNS response error code NXDOMAIN"
NOT_CONNECTED = "Failure: The health checker could not establish a connection within the timeout limit."
"""As GetHealthCheckStatus words them."""


@dataclass(frozen=True)
class Endpoint:
    """An address and port of this machine."""

    host: str
    port: int


def endpoint(config: Config, healthy: IsHealthy, check: HealthCheck) -> Endpoint | str:
    """Return where to ask, or why there is nothing to ask."""
    if check.ip:
        return Endpoint(check.ip, check.port)
    balancer = config.load_balancer(check.fqdn)
    if balancer is not None:
        return _listener(balancer, check.port) or NOT_CONNECTED
    lines = answer(config, healthy, check.fqdn, "A").lines
    if not lines or lines[0].type != "A":
        return NOT_RESOLVED
    address = lines[0].value
    there = (_listener(each, check.port) for each in config.load_balancers)
    return next((each for each in there if each and each.host == address), Endpoint(address, check.port))


def _listener(balancer: LoadBalancer, port: int) -> Endpoint | None:
    host, _, local = balancer.ports.get(port, "").partition(":")
    return Endpoint(host, int(local)) if local else None
