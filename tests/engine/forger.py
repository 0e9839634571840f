"""A compromised instance: it writes into every stream of its fleet's log group that it can think of."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from types import TracebackType
from typing import Any

from tests.engine.conftest import GROUP, Sandbox

LOG_GROUP = "/slipway/sandbox/web"


class Forger:
    """While it is entered, it says of strangers and of all members that `sha` failed, and worse."""

    def __init__(self, sandbox: Sandbox, sha: str) -> None:
        self._logs, self._autoscaling = sandbox.client("logs"), sandbox.client("autoscaling")
        self.lines = [
            json.dumps({"event": "failed", "sha": sha, "digest": "d" * 64, "reason": "forged"}),
            json.dumps({"event": "ready", "sha": sha, "digest": "d" * 64, "reason": ""}),
            json.dumps({"event": "ready", "sha": "f" * 40, "digest": "d" * 64, "reason": ""}),
            "[" * 3000,
            "no line of ours",
        ]
        self.streams: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Forger:
        self._thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None):
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(0.3):
            shown = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"]
            members = [member["InstanceId"] for group in shown for member in group["Instances"]]
            for stream in [*members, *(f"i-{n:017x}" for n in range(3))]:
                self._write(stream)

    def _write(self, stream: str) -> None:
        target: dict[str, Any] = {"logGroupName": LOG_GROUP, "logStreamName": stream}
        if stream not in self.streams:
            with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_stream(**target)
            self.streams.add(stream)
        now = int(time.time() * 1000)
        self._logs.put_log_events(**target, logEvents=[{"timestamp": now, "message": line} for line in self.lines])
