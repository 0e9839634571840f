"""A running emulator, and somebody who plays the machines and the balancer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.emulator import Emulator, Players
from tests.aws.playing import playing, running


@pytest.fixture(scope="session")
def aws() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


@pytest.fixture
def players(aws: Emulator) -> Iterator[Players]:
    with playing(aws) as acting:
        yield acting
