"""Which zones a stack is in."""

from __future__ import annotations

import pytest

from infra.network import zones
from infra.settings import SettingsError


def choose(wanted: int | tuple[str, ...], available: list[str]) -> tuple[str, ...]:
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
def test_zones_that_are_not_there_are_told_of(wanted: int | tuple[str, ...], says: str):
    """Before anything is declared."""
    with pytest.raises(SettingsError, match=says):
        choose(wanted, ["us-west-2a", "us-west-2b"])
