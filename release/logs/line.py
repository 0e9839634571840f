"""A line that an instance printed, from an event of CloudWatch Logs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

_INSTANCE = re.compile(r"(?:^|/)(i-[0-9a-f]+)(?:/|$)")
_SHA = re.compile(r"(?:^|/)([0-9a-f]{12,40})(?:/|$)")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line, with the time at which the agent read it, in seconds since the epoch."""

    at: float
    fleet: str
    instance: str
    sha: str
    """Of the release that printed it; "" if its stream does not tell."""
    text: str

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f" {self.fleet} {self.instance} {self.sha[:7]} | {self.text}"

    @property
    def time(self) -> datetime:
        """The same time, in UTC."""
        return datetime.fromtimestamp(self.at, timezone.utc)

    def document(self) -> dict[str, str]:
        """Return it for `--json`."""
        time = self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"time": time, "fleet": self.fleet, "instance": self.instance, "sha": self.sha, "text": self.text}


def lines(fleet: str, event: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the lines of an event of FilterLogEvents: a stack trace is one event, of several lines."""
    stream = str(event["logStreamName"])
    instance, sha = _INSTANCE.search(stream), _SHA.search(stream)
    for text in str(event["message"]).rstrip("\n").split("\n"):
        yield Line(
            at=float(event["timestamp"]) / 1000,
            fleet=fleet,
            instance=instance[1] if instance else visible(stream),
            sha=sha[1] if sha else "",
            text=visible(text),
        )


def visible(text: str) -> str:
    """Return the text with what would steer a terminal shown, not obeyed: whoever may write to a stream wrote it."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text.replace("\t", "    "))
