"""The keys of a release's objects in the store: its artifact, its manifest, and a marker for each tag. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

LONGEST = 1024
"""Bytes that a key may have (S3 User Guide, "Naming Amazon S3 objects")."""
_MANIFEST = re.compile(r"releases/([0-9a-f]{40})/manifest\.json")


def artifact(sha: str) -> str:
    """Return the key of a release's archive."""
    return f"releases/{sha}/artifact.tar.gz"


def manifest(sha: str) -> str:
    """Return the key of a release's manifest."""
    return f"releases/{sha}/manifest.json"


def sha_of_manifest(key: str) -> str | None:
    """Return the SHA in a manifest's key, or None for any other key."""
    match = _MANIFEST.fullmatch(key)
    return match[1] if match else None


def tag(name: str, sha: str) -> str:
    """Return the key of the object by which a tag's release is found without reading every manifest."""
    return f"releases/tags/{quote(name, safe='')}/{sha}"
