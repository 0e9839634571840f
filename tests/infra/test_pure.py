"""Names, zones and rollout preferences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import zones
from infra.preferences import refresh_preferences
from infra.settings import SettingsError, parse
from release import names

NAME = st.from_regex(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", fullmatch=True)


@given(NAME, NAME, st.integers(1024, 65535))
def test_names_fit_what_aws_allows(stack, fleet, port):
    """The longest stack and fleet still make names that every API takes."""
    assert len(names.balancer_name(stack)) <= 32
    assert len(names.target_group_name(stack, fleet, port)) <= 32
    assert len(names.role_name(stack, fleet, "ap-northeast-1")) <= 64
    assert len(names.access_logs_bucket_name(stack, "1" * 12, "ap-southeast-2")) <= 63


@given(NAME, NAME, NAME)
def test_shortened_names_stay_apart(stack, one, other):
    """What is cut off is still in the name, as its hash."""
    same = names.target_group_name(stack, one, 8080) == names.target_group_name(stack, other, 8080)
    assert same == (one == other)


def test_partitions_follow_from_the_region():
    """China and GovCloud have ARNs of their own."""
    assert names.bucket_arn("b", "cn-north-1") == "arn:aws-cn:s3:::b"
    assert names.bucket_arn("b", "us-gov-west-1") == "arn:aws-us-gov:s3:::b"


def choose(wanted, available):
    return zones.choose(wanted, available, stack="prod", region="us-west-2")


def test_zones_are_the_first_ones_and_never_local_ones():
    """A local zone has neither NAT nor load balancers as a region's zones do."""
    available = ["us-west-2-lax-1a", "us-west-2c", "us-west-2a", "us-west-2-wl1-las-wlz-1", "us-west-2b", "us-west-2d"]
    assert choose(3, available) == ("us-west-2a", "us-west-2b", "us-west-2c")
    assert choose(("b", "d"), available) == ("us-west-2b", "us-west-2d")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (4, "must be at most 2, the zones of us-west-2, is 4"),
        (("a", "f"), "us-west-2 has no zone f; it has us-west-2a"),
    ],
)
def test_zones_that_are_not_there_are_told_of(wanted, says):
    """Before anything is declared."""
    with pytest.raises(SettingsError, match=says):
        choose(wanted, ["us-west-2a", "us-west-2b"])


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
