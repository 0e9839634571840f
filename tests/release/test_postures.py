"""The sizes of a stack that is kept for recovery."""

import pytest

from release.postures import Size, higher, is_lower, size, size_in


@pytest.mark.parametrize("tag", ["", "3", "3-", "9-3", "a-b", "3-9 ", "-1-3"])
def test_a_tag_that_tells_no_sizes(tag: str):
    """What somebody changed by hand is not taken for something else."""
    assert size_in(tag) is None


def test_a_tag_tells_the_sizes_of_an_active_group():
    """What is written is read."""
    assert size_in(str(Size(min=3, max=9))) == Size(min=3, max=9)


@pytest.mark.parametrize(
    ("posture", "active", "bounds"),
    [
        ("active", Size(min=2, max=9), Size(min=2, max=9)),
        ("warm", Size(min=6, max=9), Size(min=3, max=9)),
        ("warm", Size(min=1, max=2), Size(min=3, max=3)),  # one in each zone, whatever the settings
        ("pilot-light", Size(min=2, max=9), Size(min=0, max=0)),
    ],
)
def test_sizes_by_posture(posture: str, active: Size, bounds: Size):
    """In three zones."""
    assert size(posture, active, 3) == bounds


def test_postures_have_an_order():
    """A group that tells none is active: it is of a stack that is not kept for recovery."""
    assert is_lower("warm", "active")
    assert is_lower("pilot-light", "")
    assert not is_lower("", "active")
    assert not is_lower("warm", "warm")
    assert higher("warm", "active") == higher("active", "warm") == "active"
