"""Replication: a thread that copies new objects where the bucket's rules say, a moment after they were put."""

import logging
import queue
import threading
from typing import Any

log = logging.getLogger(__name__)
SETTLE = 0.1


class Replicator:
    """Copies object versions from bucket to bucket, once each: a replica is not replicated again."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Any, str, str, str | None]] = queue.SimpleQueue()
        self._settled = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, backend: Any, bucket: str, key: str, version: str | None) -> None:  # noqa: ANN401
        """Have one object version copied soon, if the bucket's rules say so."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="replication", daemon=True)
            self._thread.start()
        self._queue.put((backend, bucket, key, version))

    def _run(self) -> None:
        while True:
            backend, bucket, key, version = self._queue.get()
            # The handler sets metadata and checksum after the put; copying waits for it to be through.
            self._settled.wait(SETTLE)
            try:
                backend.replicate(bucket, key, version)
            except Exception:
                log.exception("s3://%s/%s could not be replicated", bucket, key)


replicator = Replicator()


def destinations(replication: dict[str, Any] | None, key: str) -> list[str]:
    """Return the buckets to which the enabled rules of a replication configuration copy `key`. Pure."""
    found: list[str] = []
    for rule in (replication or {}).get("Rule", []):
        filters = rule.get("Filter") or {}
        prefix = rule.get("Prefix") or filters.get("Prefix") or (filters.get("And") or {}).get("Prefix") or ""
        if rule.get("Status") == "Enabled" and key.startswith(prefix):
            found.append(rule["Destination"]["Bucket"].rpartition(":")[2])
    return found
