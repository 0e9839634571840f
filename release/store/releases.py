"""The release store: an S3 bucket to which releases are only ever added.

A release exists once its manifest does, which is put last: after the artifact and an empty object for each tag. All are
put with `If-None-Match: *` (S3 conditional writes), so exactly one of several publishers of a SHA is first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from release.artifact.archive import Artifact, file_digest
from release.clients import client as new_client
from release.clients import code, explained
from release.errors import ConflictError, ManifestError, MissingError, StoreError
from release.store import release_keys as keys
from release.store.kept import Kept
from release.store.manifest import LIMIT_BYTES, Manifest, from_json, to_json
from release.store.upload import ALREADY_THERE, put_new, put_new_file
from release.store.warning import warn_once

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_READERS = 16
_STEP = 200
_SHA = re.compile(r"[0-9a-f]{40}")
_COMING = {"PENDING", "COMPLETED", "COMPLETE"}
"""Marks of S3 (x-amz-replication-status) on what is, or will be, in the replica."""


class Store:
    """The releases of one bucket."""

    def __init__(
        self,
        bucket: str,
        client: S3Client | None = None,
        *,
        may_be_missing: bool = False,
        warn: Callable[[str], None] = warn_once,
    ) -> None:
        """With `may_be_missing`, a bucket that does not exist yet is read as an empty one."""
        self.bucket = bucket
        self._warn = warn
        self._s3 = new_client("s3") if client is None else client
        self._nothing = {"NoSuchKey", "404", "NoSuchBucket"} if may_be_missing else {"NoSuchKey", "404"}
        self.kept = Kept(bucket=bucket, s3=self._s3, nothing=self._nothing)

    @property
    def where(self) -> str:
        """What errors call it."""
        return f"bucket {self.bucket}"

    @property
    def region(self) -> str:
        """The region of its client."""
        return str(self._s3.meta.region_name)

    def manifest(self, sha: str) -> Manifest | None:
        """Return the manifest of a full SHA, or None if it isn't published.

        Raises StoreError if the bucket can't be read, ManifestError if this version can't read the manifest,
        ConflictError if it is another release's.
        """
        key = keys.manifest(sha)
        with explained(f"read {key}", self.where):
            try:
                body: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(LIMIT_BYTES + 1)
            except ClientError as error:
                if code(error) in self._nothing:
                    return None
                raise
        found = from_json(body, f"s3://{self.bucket}/{key}")
        if found.sha != sha:
            raise ConflictError(
                f"s3://{self.bucket}/{key}: is the manifest of {found.sha}: someone put it there by hand"
            )
        return found

    def publish(self, artifact: Artifact, manifest: Manifest) -> Manifest:
        """Put the artifact and then its manifest; return the manifest that is then in the store.

        If another publisher was first, it is theirs. Raises ConflictError only if its digest differs and no build step
        explains that.
        """
        existing = self.manifest(manifest.sha)
        if existing is None:
            manifest = self._put_artifact(artifact, manifest)
            existing = self._put_manifest(manifest)
        if existing.digest != artifact.digest and existing.build is None:
            raise ConflictError(self._differs(existing.sha, existing.digest, artifact.digest))
        return existing

    def list(self, limit: int | None = None) -> Sequence[Manifest]:
        """Return the releases, newest first, at most `limit`."""
        found: list[Manifest] = []
        for manifests in self.in_steps(limit or _STEP):  # it takes more than one step if some can't be read
            found += manifests
            if limit and len(found) >= limit:
                break
        return found[:limit]

    def in_steps(self, step: int = _STEP) -> Iterator[Sequence[Manifest]]:
        """Yield the releases, newest first, `step` at a time: of all of them only the SHAs are kept in memory."""
        newest = [sha for _, sha in sorted(self._keys("releases/"), reverse=True)]
        for start in range(0, len(newest), step):
            yield self._manifests(newest[start : start + step])

    def by_tag(self, tag: str) -> Sequence[Manifest]:
        """Return the releases that have, or had, a tag: more than one if it was moved."""
        prefix = keys.tag(tag, "")
        if len(prefix) + 40 > keys.LONGEST:
            return ()
        named = (key.removeprefix(prefix) for _, key in self._objects(prefix))
        return self._manifests([sha for sha in named if _SHA.fullmatch(sha)])

    def tag(self, sha: str, tags: Sequence[str]) -> None:
        """Record that a release has those tags too: a tag may be made long after the release was published."""
        for tag in tags:
            if len(keys.tag(tag, sha)) > keys.LONGEST:
                continue  # found by git only
            with explained(f"put {keys.tag(tag, sha)}", self.where):
                put_new(self._s3, self.bucket, keys.tag(tag, sha), b"", "text/plain")

    def by_prefix(self, prefix: str) -> Sequence[Manifest]:
        """Return the releases whose SHA has that prefix."""
        return self._manifests([sha for _, sha in self._keys(f"releases/{prefix}")])

    def check(self, manifest: Manifest) -> None:
        """Check, by what S3 knows of it, that the artifact is there and has the manifest's size and digest.

        Raises MissingError if it is missing, ConflictError if it differs. Replication copies objects in any order: a
        manifest may arrive before its artifact.
        """
        found = self.kept.stored(manifest.sha)
        if found is None:
            key = keys.artifact(manifest.sha)
            raise MissingError(
                f"{self.where}: release {manifest.sha} has a manifest but no artifact: if this bucket is a replica, "
                f"wait for {key}; else publish it again",
                key,
            )
        digest, size = found
        if digest != manifest.digest or size != manifest.size:
            raise ConflictError(self._changed(manifest, digest))

    def replicates(self, manifest: Manifest) -> bool:
        """Return whether S3 copies the release to the replica by itself, or has done so.

        It marks an object for that when it is put, and does not come back to one that it did not mark (S3 user guide,
        "Getting replication status information"): what was put before the rules were there, or had taken effect.
        """
        marks: list[str | None] = []
        for key in (keys.artifact(manifest.sha), keys.manifest(manifest.sha)):
            with explained(f"read {key}", self.where):
                marks.append(self._s3.head_object(Bucket=self.bucket, Key=key).get("ReplicationStatus"))
        return all(mark in _COMING for mark in marks)

    def verify(self, manifest: Manifest) -> None:
        """Check the artifact as `check` does, but by reading all of it."""
        self.check(manifest)
        digest = self.kept.read_digest(manifest.sha)
        if digest != manifest.digest:
            raise ConflictError(self._changed(manifest, digest))

    def download(self, manifest: Manifest, destination: Path) -> None:
        """Download the artifact to a file. Raises ConflictError, and leaves no file, if it was changed in the store."""
        key = keys.artifact(manifest.sha)
        with explained(f"read {key}", self.where):
            self._s3.download_file(self.bucket, key, str(destination))
        with destination.open("rb") as stream:
            digest = file_digest(stream)
        if digest != manifest.digest:
            destination.unlink()
            raise ConflictError(self._changed(manifest, digest))

    def _put_artifact(self, artifact: Artifact, manifest: Manifest) -> Manifest:
        key = keys.artifact(manifest.sha)
        stored = self.kept.stored(manifest.sha)
        if stored is None:
            with explained(f"put {key}", self.where):
                if put_new_file(self._s3, self.bucket, key, artifact) is not ALREADY_THERE:
                    return manifest
            stored = self.kept.stored(manifest.sha)
        if stored is None:
            raise self._vanished(key)
        digest, size = stored
        if digest != artifact.digest and manifest.build is None:
            raise ConflictError(self._differs(manifest.sha, digest, artifact.digest))
        return replace(manifest, digest=digest, size=size)

    def _put_manifest(self, manifest: Manifest) -> Manifest:
        # Before the manifest: a tag without a release is ignored, but a missing tag would hide the release.
        self.tag(manifest.sha, manifest.tags)
        key = keys.manifest(manifest.sha)
        with explained(f"put {key}", self.where):
            answer = put_new(self._s3, self.bucket, key, to_json(manifest).encode(), "application/json")
        if answer is not ALREADY_THERE:
            return manifest
        existing = self.manifest(manifest.sha)
        if existing is None:
            raise self._vanished(key)
        return existing

    def _keys(self, prefix: str) -> Sequence[tuple[datetime, str]]:
        matched = [(modified, keys.sha_of_manifest(key)) for modified, key in self._objects(prefix)]
        return [(modified, sha) for modified, sha in matched if sha]

    def _objects(self, prefix: str) -> Sequence[tuple[datetime, str]]:
        with explained("list its releases", self.where):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            try:
                return [(found["LastModified"], found["Key"]) for page in pages for found in page.get("Contents", [])]
            except ClientError as error:
                if code(error) in self._nothing:
                    return []
                raise

    def _manifests(self, shas: Sequence[str]) -> Sequence[Manifest]:
        with ThreadPoolExecutor(_READERS) as pool:
            return [manifest for manifest in pool.map(self._readable, shas) if manifest]

    def _readable(self, sha: str) -> Manifest | None:
        """Return the manifest, or None with a warning: one that can't be read must not hide the others."""
        try:
            return self.manifest(sha)
        except (ManifestError, ConflictError) as error:
            self._warn(f"release {sha} is left out: {error}")
            return None

    def _vanished(self, key: str) -> StoreError:
        return StoreError(f"{self.where}: {key} has just vanished: nothing may remove objects from the store")

    def _changed(self, manifest: Manifest, stored: str) -> str:
        key = keys.artifact(manifest.sha)
        return (
            f"{self.where}: {key} has the digest {stored}, release {manifest.sha} has {manifest.digest}: it was "
            "changed after it was published. The bucket keeps versions: remove the new one (`aws s3api "
            f"list-object-versions --bucket {self.bucket} --prefix {key}`, then delete-object with its --version-id)"
        )

    def _differs(self, sha: str, stored: str, ours: str) -> str:
        return (
            f"{self.where}: the artifact of {sha} has the digest {stored[:16]}…, not {ours[:16]}…: it was published "
            f"from another directory or by another version of slipway; a release never changes, so deploy the one "
            f"that is there (`python -m release show {sha[:12]}`) or make a new commit"
        )
