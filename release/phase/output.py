"""What an instance of a release phase says: its output as it comes, and how the command ended."""

from __future__ import annotations

from collections import deque
from typing import Any, cast

from botocore.exceptions import ClientError

from release.clients import client, lacks_log
from release.phase.decide import LAST_LINES, Ended
from release.phase.spec import PhaseSpec
from release.store import document
from release.text import clean, one_line

_PAGES = 20
"""Of GetLogEvents at a time: a page has up to 10,000 lines or 1 MB."""
_JOURNAL = 200
_LONGEST = 4_000


class Output:
    """The log streams of one instance. What is in them is untrusted text (rollout/journal.py)."""

    def __init__(self, spec: PhaseSpec, instance: str, region: str | None = None) -> None:
        self._logs = client("logs", region)
        self._spec = spec
        self._instance = instance
        self._next: str | None = None
        self.count = 0
        """How many lines have been read."""
        self.last: deque[str] = deque(maxlen=LAST_LINES)

    def more(self) -> list[str]:
        """Return the lines that have come since, safe to print."""
        found: list[str] = []
        for _ in range(_PAGES):
            answer = self._read(f"{self._spec.stream}/{self._instance}", self._next)
            shown = [one_line(str(event.get("message", "")), _LONGEST) for event in answer.get("events", [])]
            found += shown
            before, self._next = self._next, answer.get("nextForwardToken", self._next)
            if before == self._next or (not shown and before is not None):
                break
        self.count += len(found)
        self.last.extend(found)
        return found

    def ended(self) -> Ended | None:
        """Return how the command ended, by the instance's own stream; None if that does not say so yet."""
        for event in self._read(self._instance, None, limit=_JOURNAL).get("events", []):
            if found := _ended(str(event.get("message", "")), self._spec.sha):
                return found
        return None

    def _read(self, stream: str, token: str | None, **more: int) -> dict[str, Any]:
        query: dict[str, Any] = {"logGroupName": self._spec.log_group, "logStreamName": stream, **more}
        if token:
            query["nextToken"] = token
        try:
            return cast("dict[str, Any]", self._logs.get_log_events(startFromHead=True, **query))
        except ClientError as error:
            if lacks_log(error):  # nothing was written yet
                return {}
            raise


def _ended(message: str, sha: str) -> Ended | None:
    said = document.line(message)
    if (said.get("event"), said.get("sha")) != ("ended", sha):
        return None
    return Ended(
        exit=document.number(said.get("exit")),
        lines=document.number(said.get("lines")) or 0,
        seconds=document.number(said.get("seconds")),
        reason=clean(str(said.get("reason") or "")),
    )
