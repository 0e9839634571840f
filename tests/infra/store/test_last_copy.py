"""When removing a stack would take the last copy of releases, and what is said then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from infra.settings import parse
from infra.store.last_copy import at_stake, refused
from release.errors import StoreError
from release.store.bring_over import Difference


@pytest.mark.parametrize(
    ("artifacts", "staked"),
    [
        ({}, False),
        ({"destroy": True}, False),  # there is no other copy, and it is asked for
        ({"replica": {"region": "eu-central-1"}}, False),  # both stay
        ({"destroy": True, "replica": {"region": "eu-central-1"}}, True),
        ({"destroy": True, "replica": {"region": "eu-central-1", "destroy": True}}, False),  # asked for
    ],
)
def test_when_something_is_at_stake(artifacts: dict[str, Any], staked: bool):
    """Only where one copy goes, and the other one is to be what is left."""
    given = {"loadBalancer": {"http": True}, "fleets": {"web": None}, "artifacts": artifacts}
    assert bool(at_stake(parse(given, "prod", {"AWS_REGION": "eu-west-1"}))) is staked


def crossing(missing: int = 0, differing: int = 0) -> Any:
    found = Difference(missing=missing, differing=differing, first=["releases/a/manifest.json"])
    return SimpleNamespace(difference=lambda: found)


def test_what_the_replica_has_too_may_go():
    """Nothing is lost."""
    assert refused(crossing) == ""


@pytest.mark.parametrize(("missing", "differing"), [(1, 0), (0, 2)])
def test_what_it_lacks_may_not(missing: int, differing: int):
    """The error names the first, how to bring them over, and how to insist."""
    said = refused(lambda: crossing(missing, differing))
    assert f"{missing} objects that its replica lacks, and {differing} that differ there (releases/a/manifest" in said
    assert "`python -m release replicate`" in said
    assert "slipway:artifacts.replica.destroy true" in said


def test_what_can_not_be_told_may_not_either():
    """Such as while the other region is dark."""

    def dark() -> NoReturn:
        raise StoreError("region eu-central-1 does not answer")

    assert "can't be told (region eu-central-1 does not answer)" in refused(dark)
