"""Which alarms watch a rollout, and what is said of the others."""

from __future__ import annotations

from release.rollout import alarms
from release.rollout.alarms import Alarm


def test_the_alarms_that_are_not_ok_are_left_out():
    """The others stay; where none is left, the refresh has no alarms at all; nothing else is changed."""
    preferences = {"BakeTime": 9, "AlarmSpecification": {"Alarms": ["errors", "latency"]}}
    errors, latency = (Alarm(name=name, state="ALARM", since=1) for name in ("errors", "latency"))
    assert alarms.without(preferences, []) == preferences
    kept = alarms.without(preferences, [errors])
    assert kept == {"BakeTime": 9, "AlarmSpecification": {"Alarms": ["latency"]}}
    assert alarms.without(preferences, [errors, latency]) == {"BakeTime": 9}
    assert alarms.names({}) == ()
