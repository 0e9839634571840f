"""Reads the boot journal of a fleet: what its instances wrote into the log group.

Every instance of a fleet may write into every stream of the group. IAM can't bind a stream to its instance: the only
policy variable with the instance's id, aws:userid, contains a colon, and the name of a stream may not. So a line is
untrusted text, whatever stream it is in. The caller says which streams to read and which release they may report,
and knows both from AWS. Reading is bounded, whatever the streams contain: by stream, pattern, time and pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from release.clients import CONFIG, client, lacks_log
from release.rollout.observed import BootEvent
from release.store import document
from release.text import clean

_STREAMS_PER_CALL = 100
"""The limit of FilterLogEvents."""
_PAGES = 10
"""Of FilterLogEvents, which may be empty: an app that logs into the same stream must not delay the answer."""
_HEAD = 200
"""Lines at the start of an instance's stream, where it reports its boot before anything else is written."""
_CLOCKS_OFF = 3600
"""Seconds by which an instance's clock may be behind; the writer of a line sets its time."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An event (`ready` or `failed`) of a release to look for; with any digest if that is None."""

    event: str
    sha: str
    digest: str | None = None

    @property
    def pattern(self) -> str:
        """Return it as a filter pattern (CloudWatch Logs User Guide, "Filter pattern syntax", JSON)."""
        said = {"event": self.event, "sha": self.sha, **({"digest": self.digest} if self.digest else {})}
        return "{ " + " && ".join(f'($.{name} = "{value}")' for name, value in said.items()) + " }"

    def is_said_by(self, line: BootEvent) -> bool:
        """Return whether a line reports this event."""
        return (line.event, line.sha) == (self.event, self.sha) and self.digest in (None, line.digest)


class Journal:
    """The boot journals of one region."""

    def __init__(self, region: str | None = None, config: Config = CONFIG) -> None:
        self._logs = client("logs", region, config)
        self._said: dict[tuple[str, Wanted], BootEvent] = {}

    def said(
        self, log_group: str, wanted: Wanted, instances: Sequence[str], *, since: float | None = None
    ) -> list[BootEvent]:
        """Return the first line of each of these instances that reports what is wanted.

        `since` is in seconds since the epoch. An instance that was found once is not looked up again.
        """
        asked = [instance for instance in instances if (instance, wanted) not in self._said]
        query: dict[str, Any] = {"filterPattern": wanted.pattern}
        if since is not None:
            query["startTime"] = int(max(0, since - _CLOCKS_OFF) * 1000)
        for start in range(0, len(asked), _STREAMS_PER_CALL):
            for line in self._of_streams(log_group, asked[start : start + _STREAMS_PER_CALL], wanted, query):
                self._said[line.instance, wanted] = line
        return [self._said[instance, wanted] for instance in instances if (instance, wanted) in self._said]

    def _of_streams(
        self, log_group: str, names: Sequence[str], wanted: Wanted, query: Mapping[str, Any]
    ) -> list[BootEvent]:
        """Read these streams. The API refuses them all if one does not exist yet, so then each half is read."""
        try:
            return self._filtered(log_group, names, wanted, query)
        except ClientError as error:
            if not lacks_log(error):
                raise
        if len(names) == 1:
            return []
        half = len(names) // 2
        first, second = (self._of_streams(log_group, part, wanted, query) for part in (names[:half], names[half:]))
        return first + second

    def _filtered(
        self, log_group: str, names: Sequence[str], wanted: Wanted, query: Mapping[str, Any]
    ) -> list[BootEvent]:
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=log_group, logStreamNames=list(names), **query
        )
        found: dict[str, BootEvent] = {}
        for number, page in enumerate(pages, start=1):
            for shown in page["events"]:
                line = boot_event(shown["logStreamName"], shown)
                if line and line.instance in names and wanted.is_said_by(line):
                    found.setdefault(line.instance, line)
            if len(found) == len(names):
                break
            if number == _PAGES:
                missing = (name for name in names if name not in found)
                found.update({line.instance: line for name in missing if (line := self._head(log_group, name, wanted))})
                break
        return list(found.values())

    def _head(self, log_group: str, name: str, wanted: Wanted) -> BootEvent | None:
        answer = self._logs.get_log_events(logGroupName=log_group, logStreamName=name, startFromHead=True, limit=_HEAD)
        lines = (boot_event(name, shown) for shown in answer["events"])
        return next((line for line in lines if line and wanted.is_said_by(line)), None)


def boot_event(stream: str, shown: Mapping[str, Any]) -> BootEvent | None:
    """Return the event in a line of a stream, with the time at which AWS received it. None for any other line."""
    line = document.line(str(shown["message"]))
    if not line:
        return None
    event, sha, digest, reason = (line.get(name, "") for name in ("event", "sha", "digest", "reason"))
    if not (isinstance(event, str) and isinstance(sha, str) and isinstance(digest, str) and isinstance(reason, str)):
        return None
    at = float(shown["ingestionTime"]) / 1000
    return BootEvent(instance=stream, event=event, sha=sha, digest=digest, reason=clean(reason), at=at)
