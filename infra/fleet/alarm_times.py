"""The alarms that a fleet has, and how long each takes to fire. Pure.

CloudWatch judges whole periods, and gets the balancer's metrics some time after their minute (ELB user guide,
"CloudWatch metrics for your Application Load Balancer").
"""

from __future__ import annotations

from infra.settings.fleet import AlarmSettings

PERIOD = 60
"""Seconds; the balancer publishes its metrics once a minute."""
DELIVERY = 60
"""Seconds until CloudWatch has a minute's metrics."""
EVALUATIONS = {
    "errors": 1,
    # A rollout has to learn of it during its bake. The group takes about as long to replace an instance that failed.
    "unhealthy": 3,
    "latency": 2,
}
"""How many periods in a row have to be bad."""
SETTINGS = {"errors": "errorRate", "unhealthy": "unhealthyHosts", "latency": "latency"}


def kinds(settings: AlarmSettings) -> tuple[str, ...]:
    """Return the kinds of alarms that a fleet has."""
    wanted = {"errors": True, "unhealthy": settings.unhealthy_hosts, "latency": settings.latency is not None}
    return tuple(kind for kind, is_wanted in wanted.items() if is_wanted)


def seconds(kind: str) -> int:
    """Return how long something bad has to last until an alarm of that kind fires."""
    return EVALUATIONS[kind] * PERIOD + DELIVERY


def slowest(settings: AlarmSettings) -> str:
    """Return the kind that takes longest: a bake has to outlast it."""
    return max(kinds(settings), key=seconds)
