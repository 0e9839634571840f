"""AWS as these tests see it: the emulator, or the real account that was named (`make test-aws`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import pytest

from tests import waiting
from tests.aws.account import SLOWER, Account
from tests.aws.emulator import Emulator, Players
from tests.aws.operator import Operator, operating
from tests.aws.playing import playing, running
from tests.aws.sweep import sweep

Aws: TypeAlias = "Emulator | Account"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is about the emulator alone where there is none."""
    for item in items:
        marker = item.get_closest_marker("emulator")
        if marker and Account.named():
            item.add_marker(pytest.mark.skip(reason=f"the emulator alone: {marker.args[0]}"))


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """The emulator, or the account."""
    account = Account.named()
    if account is None:
        with running() as emulator:
            yield emulator
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "slower", waiting.Slower(factor=SLOWER, interval=account.interval))
        yield account


@pytest.fixture(autouse=True)
def _tidy(aws: Aws) -> Iterator[None]:
    """Leave nothing to the next test in a real account, where five VPCs are the most that there can be."""
    yield
    if isinstance(aws, Account):
        assert not sweep(aws)


@pytest.fixture
def players(aws: Aws) -> Iterator[Players | Operator]:
    """Who says which instances are healthy, and whether they boot."""
    with operating(aws) if isinstance(aws, Account) else playing(aws) as acting:
        yield acting
