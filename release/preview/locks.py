"""Reads who holds the lock of a stack's state, where Pulumi keeps that in a folder or in S3.

A preview takes no lock and does not look for one, while an `up` is refused. The engine has no command that asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from release.clients import client, explained
from release.preview.refusals import Holder
from release.text import one_line

_LIMIT = 4096
"""Bytes of a lock that are read."""
_MOST = 10
"""Locks that are read; one is enough to be refused."""


def held(backend: str, project: str, stack: str, region: str | None = None) -> list[Holder] | None:
    """Return the locks of a stack; None for a backend that is neither a folder nor S3 and has to be asked otherwise.

    `backend` is Pulumi's URL of it. Raises StoreError if S3 can't be asked.
    """
    url = urlsplit(backend)
    folder = f".pulumi/locks/organization/{project}/{stack}"
    if url.scheme == "file":
        return [_lock(body) for body in _in_folder(_path(backend) / folder)]
    if url.scheme == "s3":
        asked = parse_qs(url.query)
        prefix = "/".join(part for part in (url.path.strip("/"), folder) if part)
        given = asked.get("region", [region])[0]
        return [_lock(body) for body in _in_bucket(url.netloc, f"{prefix}/", given)]
    return None


def _path(backend: str) -> Path:
    """Return a folder's path: `file://~` is the home folder, `file://./state` is relative (Pulumi's documentation)."""
    return Path(unquote(backend.removeprefix("file://").partition("?")[0])).expanduser()


def _in_folder(folder: Path) -> Iterator[bytes]:
    try:
        found = sorted(folder.glob("*.json"))[:_MOST]
    except OSError:
        return
    for path in found:
        try:
            with path.open("rb") as stream:
                yield stream.read(_LIMIT)
        except OSError:  # released meanwhile
            continue


def _in_bucket(bucket: str, prefix: str, region: str | None) -> Iterator[bytes]:
    s3 = client("s3", region)
    with explained("look for locks of the state", f"bucket {bucket}"):
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=_MOST).get("Contents", [])
        for each in found:
            try:
                yield s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read(_LIMIT)
            except s3.exceptions.NoSuchKey:  # released meanwhile
                continue


def _lock(body: bytes) -> Holder:
    try:
        known = json.loads(body)
    except ValueError:
        known = None
    said = known if isinstance(known, dict) else {}

    def text(key: str) -> str:
        return one_line(said.get(key, ""), 100)

    by = "@".join(part for part in (text("username"), text("hostname")) if part)
    return Holder(by=by, since=text("timestamp"), pid=text("pid"))
