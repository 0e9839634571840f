"""Two kinds of client that a rollout is hard on: one keeps its connection, the other waits for slow answers."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from urllib.parse import urlsplit


class Client:
    """Asks for `path` again and again, in threads of its own, until it is ended."""

    def __init__(self, url: str, path: str, *, threads: int, pause: float) -> None:
        self._address = urlsplit(url).netloc
        self._path = path
        self._pause = pause
        self._ended = threading.Event()
        self.answers: Counter[str] = Counter()
        self.reconnected = 0
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        """One connection, for as long as the other side keeps it. A request on a closed one is a failure."""
        connection = http.client.HTTPConnection(self._address, timeout=20)
        while not self._ended.wait(self._pause):
            try:
                connection.request("GET", self._path)
                answer = connection.getresponse()
                answer.read()
                self.answers[str(answer.status)] += 1
            except (OSError, http.client.HTTPException) as problem:
                self.answers[f"{type(problem).__name__}: {problem}"] += 1
                connection.close()
                continue
            if connection.sock is None:  # it said `Connection: close`
                self.reconnected += 1
        connection.close()

    def end(self) -> Counter[str]:
        """Ends it and returns how often each status, or failure, was seen."""
        self._ended.set()
        for thread in self._threads:
            thread.join(30)
        return self.answers
