"""Reads log groups with FilterLogEvents, a page at a time: memory stays bounded, whatever the apps print.

StartLiveTail is no better here: it samples above 500 events a second, ends after three hours, and costs by the minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from release.clients import CONFIG, client, explained, lacks_log
from release.errors import ReleaseError
from release.logs.line import Line, lines
from release.logs.pattern import pushed

OVERLAP = 20.0
"""Seconds that each look goes back behind the newest event: one may arrive after a younger one of another stream."""
MOST_SEEN = 100_000
"""Events of that time that are remembered; beyond them, the overlap becomes shorter."""


class NoGroupError(ReleaseError):
    """The log group does not exist."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where lines come from: a log group of a fleet, and the streams whose names begin with `prefix`."""

    fleet: str
    group: str
    prefix: str = ""
    pattern: str | None = None
    """Of the journal; lines of an app are found by `Wanted.text`."""
    optional: bool = False
    """Whether the group may be missing."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which lines of the sources are wanted: `text` is part of the event, `sha` begins the release's, "" for all."""

    text: str = ""
    sha: str = ""

    def of(self, fleet: str, event: dict[str, Any]) -> list[Line]:
        """Return the event's lines, or none if it is not wanted."""
        if self.text not in str(event["message"]):
            return []
        return [line for line in lines(fleet, event) if line.sha.startswith(self.sha[: len(line.sha) or None])]


class Reader:
    """CloudWatch Logs in one region."""

    def __init__(self, region: str | None = None, config: Config = CONFIG) -> None:
        self._logs = client("logs", region, config)

    def events(
        self, source: Source, wanted: Wanted, start: float, end: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the events from `start` to `end` (seconds since the epoch), oldest first.

        Raises NoGroupError, or ReleaseError as AWS answers.
        """
        query: dict[str, Any] = {"logGroupName": source.group, "startTime": max(0, int(start * 1000))}
        if end is not None:
            query["endTime"] = int(end * 1000)
        if source.prefix:
            query["logStreamNamePrefix"] = source.prefix
        if pattern := source.pattern or pushed(wanted.text):
            query["filterPattern"] = pattern
        pages = iter(self._logs.get_paginator("filter_log_events").paginate(**query))
        while page := self._next(source, pages):
            yield from (dict(event) for event in page["events"])

    def _next(self, source: Source, pages: Iterator[Any]) -> Any:  # noqa: ANN401 - a page, or None
        with explained("read it", f"log group {source.group}", ReleaseError):
            try:
                return next(pages, None)
            except ClientError as error:
                if lacks_log(error):
                    raise NoGroupError(source.group) from None
                raise


class Following:
    """Looks at a source again and again, and returns each event once."""

    def __init__(self, reader: Reader, source: Source, wanted: Wanted, start: float) -> None:
        self._reader = reader
        self.source = source
        self._wanted = wanted
        self._start = start
        self._seen: dict[str, float] = {}

    def look(self, now: float) -> Iterator[Line]:
        """Yield the lines that are new. `now` is in seconds since the epoch."""
        newest = self._start
        for event in self._reader.events(self.source, self._wanted, self._start):
            at = float(event["timestamp"]) / 1000
            newest = max(newest, min(at, now))  # the clock of an instance may be ahead
            if event["eventId"] in self._seen:
                continue
            self._seen[event["eventId"]] = at
            yield from self._wanted.of(self.source.fleet, event)
            if len(self._seen) > MOST_SEEN:
                self._start = self._forget(MOST_SEEN // 2)
        self._start = max(self._start, newest - OVERLAP)
        self._seen = {key: at for key, at in self._seen.items() if at >= self._start - 1}

    def _forget(self, count: int) -> float:
        """Forget so many of the oldest; returns from when on all are remembered."""
        oldest = sorted(self._seen.items(), key=lambda item: item[1])
        self._seen = dict(oldest[count:])
        return oldest[count][1]
