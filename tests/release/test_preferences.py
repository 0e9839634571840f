"""What AWS is asked for when a group replaces its instances."""

from functools import partial

from release import preferences

usual = partial(preferences.rollout, min_healthy=100, max_healthy=200, warmup=0, bake=300, alarms=["errors"])


def test_preferences_roll_back_and_say_both_percentages():
    """Left out, MaxHealthyPercentage means terminate before launch."""
    asked = usual(checkpoints=(), checkpoint_delay=60)
    assert asked["AutoRollback"] is True
    assert asked["SkipMatching"] is True
    assert (asked["MinHealthyPercentage"], asked["MaxHealthyPercentage"]) == (100, 200)
    assert (asked["BakeTime"], asked["InstanceWarmup"]) == (300, 0)
    assert asked["AlarmSpecification"] == {"Alarms": ["errors"]}
    assert "CheckpointDelay" not in asked


def test_checkpoints_come_with_their_delay():
    """A delay without checkpoints is refused by the API, checkpoints without a delay wait an hour."""
    asked = usual(checkpoints=(50, 100), checkpoint_delay=5)
    assert (asked["CheckpointPercentages"], asked["CheckpointDelay"]) == ([50, 100], 5)
