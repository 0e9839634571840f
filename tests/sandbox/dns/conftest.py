"""One emulator and one DNS server for all tests, and a zone for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.emulator import Emulator
from tests.sandbox.dns.world import Endpoint, World, both


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, int]]:
    with both(tmp_path_factory.mktemp("dns")) as running:
        yield running


@pytest.fixture
def world(processes: tuple[Emulator, int]) -> World:
    return World(*processes)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as serving:
        yield serving
