"""What an instance printed last, for whoever wonders why its release did not stay."""

from __future__ import annotations

from collections.abc import Sequence

from botocore.config import Config

from release import names
from release.clients import CONFIG, FAILURES, client
from release.logs.line import visible

LINES = 15
LONGEST = 300
"""Characters of a line."""


class Output:
    """The output of apps in one region."""

    def __init__(self, region: str | None = None, config: Config = CONFIG) -> None:
        self._logs = client("logs", region, config)

    def last(self, log_group: str, sha: str, instances: Sequence[str]) -> tuple[str, list[str]]:
        """Return the first of these instances that printed anything, with its last lines; nothing if none did.

        `log_group` is the fleet's. This only explains an error, so that what AWS refuses here is not another one: most
        often the output is not sent at all.
        """
        for instance in instances:
            try:
                answer = self._logs.get_log_events(
                    logGroupName=names.output_of(log_group),
                    logStreamName=f"{instance}/{sha}",
                    startFromHead=False,
                    limit=LINES,
                )
            except FAILURES:
                continue
            lines = [line for event in answer["events"] for line in str(event["message"]).rstrip().split("\n")]
            if lines:
                return instance, [visible(line)[:LONGEST] for line in lines[-LINES:]]
        return "", []
