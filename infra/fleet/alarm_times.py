"""Which alarms a fleet has, and how long each takes until it is on. Pure.

CloudWatch judges whole periods, and has the balancer's metrics some time after their minute (ELB user guide,
"CloudWatch metrics for your Application Load Balancer").
"""

from __future__ import annotations

from infra.settings.fleet import AlarmSettings

PERIOD = 60
"""Seconds; the balancer publishes its metrics once a minute."""
DELIVERY = 60
"""Seconds until a minute's metrics are there."""
EVALUATIONS = {
    "errors": 1,
    # A rollout has to learn of it in its bake. In about as long the group itself has replaced an instance that failed.
    "unhealthy": 3,
    "latency": 2,
}
"""Periods in a row that are bad."""
SETTINGS = {"errors": "errorRate", "unhealthy": "unhealthyHosts", "latency": "latency"}


def kinds(settings: AlarmSettings) -> tuple[str, ...]:
    """The alarms that a fleet has."""
    wanted = {"errors": True, "unhealthy": settings.unhealthy_hosts, "latency": settings.latency is not None}
    return tuple(kind for kind, is_wanted in wanted.items() if is_wanted)


def seconds(kind: str) -> int:
    """How long something bad has to last until that alarm is on."""
    return EVALUATIONS[kind] * PERIOD + DELIVERY


def slowest(settings: AlarmSettings) -> str:
    """The alarm that takes longest: a bake has to outlast it."""
    return max(kinds(settings), key=seconds)
