"""A running emulator, and somebody who plays the machines and the balancer."""

import threading

import pytest

from tests.sandbox.aws.emulator import Players, start


@pytest.fixture(scope="session")
def aws():
    process, emulator = start("--refresh-timeout", "2.5")
    yield emulator
    process.terminate()
    assert process.wait(5) == 0


@pytest.fixture
def players(aws):
    """The machines and the balancer, in two threads."""
    acting = Players(aws)
    threads = [threading.Thread(target=acting.machines), threading.Thread(target=acting.balancer)]
    for thread in threads:
        thread.start()
    yield acting
    acting.stopped.set()
    for thread in threads:
        thread.join(5)
