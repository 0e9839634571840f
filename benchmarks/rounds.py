"""Measures several things in turns, so that other load on the machine affects all of them equally."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def alternate(rounds: int, subjects: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds that each subject took, one figure a round. A first round fills the caches and is not counted."""
    measured: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(rounds + 1):
        for name, subject in subjects.items():
            began = time.perf_counter()
            subject()
            if number:
                measured[name].append(time.perf_counter() - began)
    return measured


def report(measured: Mapping[str, Sequence[float]], *, base: str) -> None:
    """Print each median, its spread, and its ratio to the subject `base`."""
    one = statistics.median(measured[base])
    for name, seconds in measured.items():
        middle = statistics.median(seconds)
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        print(f"{name:<40} {middle:7.2f} s  ({spread} s)  {middle / one:5.2f} x {base}")
