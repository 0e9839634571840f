"""Keeps reports in the store, `drills/<stack>/<time>/`: never rewritten, and replicated like all else there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from release.clients import client as new_client
from release.clients import explained
from release.drill import markdown, timeline
from release.drill.report import LIMIT_BYTES, SEAL, Report, from_json, stamp, to_json
from release.errors import DrillError, ReleaseError
from release.store import document
from release.store.upload import ALREADY_THERE, put_new
from release.store.warning import warn_once

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

JSON, PAGE, PICTURE = "report.json", "report.md", "timeline.svg"
_TYPES = {JSON: "application/json", PAGE: "text/markdown; charset=utf-8", PICTURE: "image/svg+xml"}
_FORM = "%Y%m%dT%H%M%SZ"
_READERS = 8


def files(report: Report) -> dict[str, bytes]:
    """Return a report's files by name: JSON first, which makes it exist."""
    text = to_json(report)
    found = document.parse(text)
    digest = str(found[SEAL]) if isinstance(found, dict) else ""
    shown = {JSON: text, PAGE: markdown.page(report, digest), PICTURE: timeline.svg(report)}
    return {name: content.encode() for name, content in shown.items()}


def save(report: Report, folder: Path) -> Path:
    """Write a report's files to a folder of its own below `folder`; return that. Raises DrillError."""
    target = folder / report.stack / report.id
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, content in files(report).items():
            (target / name).write_bytes(content)
    except OSError as error:
        raise DrillError(f"{target}: the report can't be written there: {error.strerror}") from None
    return target


class Archive:
    """The reports of one bucket."""

    def __init__(self, bucket: str, client: S3Client | None = None, *, warn: Callable[[str], None] = warn_once) -> None:
        self.bucket = bucket
        self._s3 = new_client("s3") if client is None else client
        self._warn = warn

    def put(self, report: Report) -> str:
        """Put a report; return where. Raises StoreError if S3 refuses, DrillError if there is one of that second."""
        folder = _folder(report.stack) + f"{report.id}/"
        for name, content in files(report).items():
            with explained(f"put {folder}{name}", f"bucket {self.bucket}"):
                answer = put_new(self._s3, self.bucket, folder + name, content, _TYPES[name])
            if answer is ALREADY_THERE:
                raise DrillError(f"s3://{self.bucket}/{folder}{name}: is there already, and reports never change")
        return f"s3://{self.bucket}/{folder}{PAGE}"

    def times(self, stack: str) -> list[datetime]:
        """Return when the stack's drills began, newest first (ListObjectsV2, one request for a thousand)."""
        folder = _folder(stack)
        with explained("list its drills", f"bucket {self.bucket}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=folder, Delimiter="/")
            found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
        moments = (_moment(prefix.removeprefix(folder).rstrip("/")) for prefix in found)
        return sorted((each for each in moments if each), reverse=True)

    def newest(self, stack: str, limit: int) -> Sequence[Report]:
        """Return the stack's newest reports, newest first; one that can't be read is left out, with a warning."""
        times = self.times(stack)[:limit]
        with ThreadPoolExecutor(_READERS) as pool:
            keys = [f"{_folder(stack)}{stamp(at)}/{JSON}" for at in times]
            return [report for report in pool.map(self._readable, keys) if report]

    def _readable(self, key: str) -> Report | None:
        try:
            with explained(f"read {key}", f"bucket {self.bucket}"):
                body: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(LIMIT_BYTES + 1)
            return from_json(body, f"s3://{self.bucket}/{key}")
        except ReleaseError as error:
            self._warn(f"a drill is left out: {error}")
            return None


def _folder(stack: str) -> str:
    return f"drills/{stack}/"


def _moment(name: str) -> datetime | None:
    if not re.fullmatch(r"\d{8}T\d{6}Z", name, re.ASCII):
        return None
    try:
        return datetime.strptime(name, _FORM).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
