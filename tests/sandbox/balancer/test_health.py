"""What a row of health checks makes of a target, and which statuses a matcher takes."""

from __future__ import annotations

import pytest

from sandbox.balancer.config import HealthCheck
from sandbox.balancer.health import Checks
from sandbox.service.target_health import FAILED, HEALTHY, mismatch

CHECK = HealthCheck(path="/", interval=5, timeout=2, healthy_threshold=3, unhealthy_threshold=2, matcher="200,202-204")


@pytest.mark.parametrize(
    ("checks", "states"),
    [
        ("+", ["healthy"]),
        ("-+", ["initial", "healthy"]),
        ("--", ["initial", "unhealthy"]),
        ("+-+--", ["healthy", "healthy", "healthy", "healthy", "unhealthy"]),
        (
            "--++-+++",
            ["initial", "unhealthy", "unhealthy", "unhealthy", "unhealthy", "unhealthy", "unhealthy", "healthy"],
        ),
    ],
)
def test_thresholds(checks: str, states: list[str]):
    """A new target is healthy after one success; afterwards the thresholds count, each in a row."""
    record, found = Checks(), []
    for check in checks:
        record = record.after(None if check == "+" else FAILED, CHECK)
        found.append(record.health.state)
    assert found == states


def test_the_reason_is_that_of_the_last_failure():
    """An unhealthy target that fails otherwise says so; one that is healthy again has no reason."""
    record = Checks().after(FAILED, CHECK).after(FAILED, CHECK).after(mismatch(500), CHECK)
    assert record.health.description == "Health checks failed with these codes: [500]"
    for _ in range(3):
        record = record.after(None, CHECK)
    assert record.health == HEALTHY


@pytest.mark.parametrize(("status", "matches"), [(200, True), (201, False), (202, True), (204, True), (500, False)])
def test_matchers(status: int, matches: bool):
    """Single codes and ranges."""
    assert CHECK.matches(status) is matches
