"""Tests of release/drill/untested.py: what a drill does not show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from release.drill.untested import Subject, items

PLAIN = Subject(domain=None, posture="cold", checks=(), changed=(), silent_alarms=(), proxied=True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "recovery.checks names no check of them"),
        ({"checks": ["db"]}, "beyond what the checks say"),
        ({"domain": "shop.example.com"}, "How clients of shop.example.com get here"),
        ({"posture": "pilot-light"}, "The way from pilot-light to active"),
        ({"posture": "active"}, "The standing stack itself, which is active"),
        ({"changed": ["loadBalancer.accessLogs: none"]}, "As it is set for the stack itself: loadBalancer.accessLogs"),
        ({"silent_alarms": ["x-latency"]}, "The alarm x-latency: it had no data."),
        ({"proxied": False}, "requests went to one endpoint"),
    ],
)
def test_what_was_not_tested_is_said(changes: dict[str, Any], said: str):
    """Each thing that this drill could not show has its sentence."""
    assert any(said in line for line in items(replace(PLAIN, **changes)))


def test_what_no_drill_shows():
    """Data, capacity, the region's real loss, load and people are always named, and nothing is empty."""
    lines = items(PLAIN)
    for word in ("data", "Capacity", "A real loss", "instances asked", "global control planes", "Load", "People"):
        assert any(word in line for line in lines), word
    assert all(lines)
