"""What a rollout is asked for."""

from infra.fleet.preferences import refresh_preferences
from infra.settings import parse


def rollout(**settings):
    fleets = {"web": {"rollout": settings}}
    return (
        parse({"loadBalancer": {"http": True}, "fleets": fleets}, "prod", {"AWS_REGION": "eu-west-1"})
        .fleets["web"]
        .rollout
    )


def test_preferences_roll_back_and_say_both_percentages():
    """Left out, MaxHealthyPercentage means terminate before launch."""
    asked = refresh_preferences(rollout(bake=300, warmup=0), ["errors"])
    assert asked["AutoRollback"] is True
    assert asked["SkipMatching"] is True
    assert (asked["MinHealthyPercentage"], asked["MaxHealthyPercentage"]) == (100, 200)
    assert (asked["BakeTime"], asked["InstanceWarmup"]) == (300, 0)
    assert asked["AlarmSpecification"] == {"Alarms": ["errors"]}
    assert "CheckpointDelay" not in asked


def test_checkpoints_come_with_their_delay():
    """A delay without checkpoints is refused by the API, checkpoints without a delay wait an hour."""
    asked = refresh_preferences(rollout(checkpoints=[50, 100], checkpointDelay=5), [])
    assert (asked["CheckpointPercentages"], asked["CheckpointDelay"]) == ([50, 100], 5)
