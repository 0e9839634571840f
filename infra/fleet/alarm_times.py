"""The alarms that a fleet has, and how long each takes to fire. Pure.

CloudWatch judges whole periods, and gets the balancer's metrics some time after their minute (ELB user guide,
"CloudWatch metrics for your Application Load Balancer").
"""

from __future__ import annotations

from infra.settings.fleet import FleetSettings

PERIOD = 60
"""Seconds; the balancer publishes its metrics once a minute."""
DELIVERY = 60
"""Seconds until CloudWatch has a minute's metrics."""
EVALUATIONS = {
    "errors": 1,
    # A rollout has to learn of it during its bake. The group takes about as long to replace an instance that failed.
    "unhealthy": 3,
    "latency": 2,
    "restarts": 1,
    "metric": 1,
}
"""How many periods in a row have to be bad."""
SETTINGS = {
    "errors": "errorRate",
    "unhealthy": "unhealthyHosts",
    "latency": "latency",
    "restarts": "restarts",
    "metric": "metric",
}
_PERIODS = {
    # A process that ends at once is started again about six times a minute, so that a minute's number says little.
    "restarts": 180,
}


def period(kind: str) -> int:
    """Return the seconds over which an alarm of that kind counts."""
    return _PERIODS.get(kind, PERIOD)


def kinds(fleet: FleetSettings) -> tuple[str, ...]:
    """Return the kinds of alarms that a fleet has. The first three are of what the balancer sees."""
    alarms = fleet.alarms
    wanted = {
        "errors": fleet.balanced,
        "unhealthy": fleet.balanced and alarms.unhealthy_hosts,
        "latency": fleet.balanced and alarms.latency is not None,
        "restarts": fleet.restarts > 0,
        "metric": alarms.metric is not None,
    }
    return tuple(kind for kind, is_wanted in wanted.items() if is_wanted)


def seconds(kind: str) -> int:
    """Return how long something bad has to last until an alarm of that kind fires."""
    return EVALUATIONS[kind] * period(kind) + DELIVERY


def slowest(fleet: FleetSettings) -> str | None:
    """Return the kind that takes longest, which a bake has to outlast; None if the fleet has no alarm."""
    return max(kinds(fleet), key=seconds, default=None)
