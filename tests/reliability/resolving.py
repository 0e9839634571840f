"""A client that goes by a name: it asks DNS, keeps the answer for its TTL, and asks for a page each second."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.sandbox.dns.world import ask

PATIENCE = 3.0
"""Seconds that it waits for a page."""


@dataclass(frozen=True)
class Answer:
    """What came of one request: when it was made (monotonic seconds), of what address, and what came."""

    at: float
    address: str
    status: str
    release: str

    @property
    def served(self) -> bool:
        return self.status == "200"


def request(name: str, address: str, port: int) -> tuple[str, str]:
    """Ask a balancer for a site by HTTPS; return the status, or the failure, and the release that answered."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the sandbox signs its own certificate
    connection = http.client.HTTPSConnection(address, port, timeout=PATIENCE, context=context)
    try:
        connection.request("GET", "/", headers={"Host": name})
        answer = connection.getresponse()
        answer.read()
        return str(answer.status), answer.headers.get("X-Release", "")
    except (OSError, http.client.HTTPException) as problem:
        return type(problem).__name__, ""
    finally:
        connection.close()


@dataclass
class Visitor:
    """Visits a site until it is ended; `ports` has the local one of HTTPS for each address."""

    name: str
    dns: int
    ports: Mapping[str, int]
    answers: list[Answer] = field(default_factory=list[Answer])
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._visit)
        self._thread.start()

    def _visit(self) -> None:
        address, until = "", 0.0
        due = time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            due = max(due + 1, now)
            if now >= until:
                _, ttl, address = ask(self.dns, self.name).records[0]
                until = now + ttl
            self.answers.append(Answer(now, address, *request(self.name, address, self.ports[address])))

    def end(self) -> list[Answer]:
        """End it, and return all answers."""
        self._ended.set()
        self._thread.join(PATIENCE + 10)
        assert not self._thread.is_alive()
        return self.answers


def outage(answers: list[Answer]) -> float:
    """Return the seconds from the first request that failed to the first one after it that was served."""
    failed = [answer.at for answer in answers if not answer.served]
    if not failed:
        return 0.0
    again = [answer.at for answer in answers if answer.served and answer.at > failed[0]]
    assert again, f"not served again after {answers[-1].at - failed[0]:.0f} s"
    return again[0] - failed[0]
