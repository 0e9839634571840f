"""A server that speaks GitHub's API, and whoever asks it."""

from collections.abc import Callable, Generator

import pytest

from release.github.api import GitHub
from release.github.place import place
from tests.release.github.hub import TOKEN, Hub, environment, served


@pytest.fixture
def hub() -> Generator[Hub]:
    with served() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """The seconds that were waited for limits."""
    return []


@pytest.fixture
def github(hub: Hub, waits: list[float]) -> GitHub:
    pause: Callable[[float], None] = waits.append
    return GitHub(place(environment(hub), None), TOKEN, pause)
