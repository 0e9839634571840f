"""A running emulator, and somebody who plays the machines and the balancer."""

import threading
from contextlib import contextmanager

import pytest

from tests.sandbox.aws.emulator import Players, start
from tests.waiting import ENOUGH


@contextmanager
def running(*arguments):
    """An emulator with those arguments."""
    process, emulator = start(*arguments)
    try:
        yield emulator
    finally:
        process.terminate()
        assert process.wait(ENOUGH) == 0


@contextmanager
def playing(emulator):
    """The machines and the balancer of an emulator, in two threads."""
    acting = Players(emulator)
    threads = [threading.Thread(target=acting.machines), threading.Thread(target=acting.balancer)]
    for thread in threads:
        thread.start()
    try:
        yield acting
    finally:
        acting.stopped.set()
        for thread in threads:
            thread.join(ENOUGH)


@pytest.fixture(scope="session")
def aws():
    with running() as emulator:
        yield emulator


@pytest.fixture
def players(aws):
    with playing(aws) as acting:
        yield acting
