"""How many calls AWS was asked for, by region and service, from instances and from everybody else."""

from __future__ import annotations

import threading
from collections import Counter

from sandbox.aws.addressee import Addressee

Counts = dict[str, dict[str, dict[str, int]]]
"""By region, service and sender ("outside" or "instances")."""


class Traffic:
    """Counts every call, also those that a fault leaves without an answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str, str]] = Counter()

    def count(self, addressee: Addressee) -> None:
        """Count one call."""
        sender = "instances" if addressee.instance_region else "outside"
        with self._lock:
            self._calls[addressee.place, addressee.service, sender] += 1

    def report(self, *, reset: bool = False) -> Counts:
        """Return the counts, and begin again if asked to."""
        with self._lock:
            counted = dict(self._calls)
            if reset:
                self._calls.clear()
        found: Counts = {}
        for (region, service, sender), number in sorted(counted.items()):
            found.setdefault(region, {}).setdefault(service, {"outside": 0, "instances": 0})[sender] = number
        return found


traffic = Traffic()
