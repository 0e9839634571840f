"""Which instance a command is for."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import cast

import pytest

from release.console.seats import Seat, Seats, chosen
from release.errors import ConsoleError
from release.rollout.observed import DeployedFleet, Group, Instance

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
NAMES = {"web": ("i-00000001", "i-00000002"), "worker": ("i-00000003",)}


def seat(id_: str, fleet: str, *, state: str = "running", stack: str = "prod") -> Seat:
    launched = START + timedelta(minutes=int(id_[-1]))
    return Seat(id=id_, state=state, launched=launched, stack=stack, fleet=fleet, sha="a" * 40)


def fleet(name: str) -> DeployedFleet:
    members = tuple(
        Instance(id=id_, zone="a", state="InService", health="Healthy", template=None) for id_ in NAMES[name]
    )
    group = Group(name=f"slipway-prod-{name}", desired=2, template=None, instances=members)
    return DeployedFleet(name=name, group=group, store="store", log_group=f"/slipway/prod/{name}", stack="prod")


class Known:
    """EC2 with these instances."""

    def __init__(self, *there: Seat) -> None:
        self._there = {each.id: each for each in there}

    def of(self, ids: Sequence[str]) -> list[Seat]:
        return [self._there[id_] for id_ in ids if id_ in self._there]


ALL = cast(
    "Seats",
    Known(
        seat("i-00000001", "web"),
        seat("i-00000002", "web"),
        seat("i-00000003", "worker"),
        seat("i-00000004", "web", state="terminated"),
        seat("i-00000005", "web", stack="other"),
        seat("i-00000006", "web", state="pending"),
    ),
)
BOTH = [fleet("web"), fleet("worker")]


def test_the_newest_in_service_is_taken():
    """Of the fleet that is named, or of the only one."""
    assert chosen(ALL, BOTH, "web", None).id == "i-00000002"
    assert chosen(ALL, [fleet("worker")], None, None).id == "i-00000003"


def test_an_instance_may_be_named():
    """Also one that does not serve yet: its boot may be what is looked into."""
    assert chosen(ALL, BOTH, None, "i-00000006").id == "i-00000006"


@pytest.mark.parametrize(
    ("of", "instance", "said"),
    [
        (None, None, r"which fleet\? The stack has web, worker: give --fleet"),
        ("api", None, "there is no fleet api; the stack has web, worker"),
        (None, "i-00000009", "gone .there is no such instance any more.; in service in stack prod: i-00000001"),
        (None, "i-00000004", "gone .it is terminated."),
        (None, "i-00000005", "is none of stack prod's"),
        ("worker", "i-00000001", "is of fleet web, not worker"),
        (None, "web-1", "is not the id of an instance"),
    ],
)
def test_what_cannot_be_meant_is_refused(of: str | None, instance: str | None, said: str):
    """In one line, which says what there is."""
    with pytest.raises(ConsoleError, match=said):
        chosen(ALL, BOTH, of, instance)


def test_a_fleet_without_instances():
    """There is nothing to run it on."""
    with pytest.raises(ConsoleError, match="fleet worker has no instance in service"):
        chosen(cast("Seats", Known()), BOTH, "worker", None)
