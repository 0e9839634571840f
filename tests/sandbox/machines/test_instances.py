"""What is planned for instances and machines."""

from __future__ import annotations

import pytest

from sandbox.machines.instances import Live, actions, parse
from tests.sandbox.fake_internal_api import instance

ID = "i-0aaaaaaaaaaaaaaa1"


@pytest.mark.parametrize(
    ("state", "said", "live", "gone", "verb"),
    [
        ("pending", None, None, False, "start"),
        ("running", None, None, False, "start"),
        ("pending", None, 4000, False, "announce"),
        ("pending", 4000, 4000, False, "announce"),
        ("stopping", 4000, 4000, False, "stop"),
        ("stopping", 4000, None, True, None),
        ("stopped", 4000, 4000, False, None),
        ("stopped", 4000, None, True, None),
        ("running", 4000, 4000, False, None),
        ("running", 4000, None, True, "fail"),
        ("shutting-down", 4000, 4000, False, "end"),
        ("shutting-down", 4000, None, True, "bury"),
        ("shutting-down", None, None, False, "bury"),
        ("terminated", 4000, 4000, False, "end"),
        ("terminated", 4000, None, True, None),
        (None, None, 4000, False, "end"),
        (None, None, None, True, None),
    ],
)
def test_the_plan_follows_from_what_there_is(
    state: str | None, said: int | None, live: int | None, gone: bool, verb: str | None
):
    """For each state of instance and machine: what is to be done, whatever happened before; nothing while busy."""
    entries = [instance(ID, "", state=state, port=said)] if state else []
    instances = parse({"instances": entries})
    machines, ended = ({ID: Live(live)} if live else {}), ({ID} if gone else set())
    planned = actions(instances, live=machines, busy=(), gone=ended)
    assert [action.verb for action in planned] == ([verb] if verb else [])
    assert actions(instances, live=machines, busy={ID}, gone=ended) == []


@pytest.mark.parametrize(
    ("state", "booted", "verb"),
    [("running", 1, "reboot"), ("running", 2, None), ("pending", 1, "reboot"), ("stopped", 1, None)],
)
def test_a_machine_boots_as_often_as_its_instance(state: str, booted: int, verb: str | None):
    """A reboot is a count that grew: no lost message, and no repeated one, makes it boot too often."""
    instances = parse({"instances": [instance(ID, "", state=state, port=4000, boots=2)]})
    planned = actions(instances, live={ID: Live(4000, booted)}, busy=(), gone=())
    assert [action.verb for action in planned] == ([verb] if verb else [])


def test_user_data_is_decoded_and_may_be_missing():
    """Bytes as they were given; none where there are none, or where they are no base64."""
    entries = [instance(ID, b"#!\xff\0"), instance("i-2", b""), {**instance("i-3", b""), "user_data": "%%%"}]
    assert [one.user_data for one in parse({"instances": entries}).values()] == [b"#!\xff\0", b"", b""]
