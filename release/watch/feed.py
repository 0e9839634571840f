"""Looks again and again, in a thread of its own, so that a key or a resize never waits for AWS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from release.clients import FAILURES, described
from release.errors import ReleaseError
from release.text import one_line
from release.watch.seen import Seen

LONGEST = 60.0
"""Seconds that are waited at most after AWS did not answer several times."""
_RATE = 4.0
"""Requests a second that a view makes at most on average, whatever the interval: others need the API's quota too."""


@dataclass(kw_only=True)
class Feed:
    """The newest that was seen, and when; `trouble` is why the last look failed."""

    look: Callable[[], Seen]
    interval: float
    clock: Callable[[], float] = time.monotonic
    seen: Seen | None = None
    trouble: str = ""
    at: float = 0
    _failed: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def once(self) -> Seen | None:
        """Look; return what was seen, or None, with `trouble` set, if AWS does not answer."""
        try:
            self.seen, self.trouble, self._failed = self.look(), "", 0
        except (ReleaseError, *FAILURES) as error:
            self._failed += 1
            self.trouble = f"AWS could not be asked: {one_line(described(error), 500)}"
            return None
        self.at = self.clock()
        return self.seen

    def pause(self) -> float:
        """Return the seconds until the next look: more for many fleets, and more each time that AWS did not answer."""
        requests = 1 + 2 * len(self.seen.fleets) if self.seen else 1
        pause = max(self.interval, requests / _RATE)
        return min(max(LONGEST, pause), pause * 2**self._failed)

    def age(self) -> float:
        """Return how many seconds ago it was looked."""
        return self.clock() - self.at

    def run(self) -> None:
        """Look until `end`."""
        while not self._ended.wait(self.pause()):
            self.once()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
