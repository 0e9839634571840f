"""A running emulator, and somebody who plays the machines and the balancer."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from tests.aws.emulator import Emulator, Players, start
from tests.waiting import ENOUGH


@contextmanager
def running(*arguments: str) -> Generator[Emulator]:
    """Run an emulator with those arguments."""
    process, emulator = start(*arguments)
    try:
        yield emulator
    finally:
        process.terminate()
        assert process.wait(ENOUGH) == 0


@contextmanager
def playing(emulator: Emulator) -> Generator[Players]:
    """Play the machines and the balancer of an emulator, in two threads."""
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
