"""Finds published releases by what people call them: a SHA, its first digits, or a tag. Needs no git."""

from __future__ import annotations

import re
from collections.abc import Sequence

from release.errors import RevisionError
from release.source.repository import FULL_SHA
from release.store.manifest import Manifest
from release.store.releases import Store
from release.text import one_line

_SHORT = re.compile(r"[0-9a-f]{7,39}")
_ONLY_GIT = re.compile(r"(HEAD|@)($|[~^@:])|.*[~^:]|refs/")
"""Names that only a repository can give a meaning."""


def find(store: Store, ref: str) -> Manifest | None:
    """Return the published release that `ref` names: a SHA, seven or more digits of it, or a tag; else None.

    Raises RevisionError, listing them, if it names several.
    """
    if FULL_SHA.fullmatch(ref):
        return store.manifest(ref)
    if _ONLY_GIT.match(ref):
        return None
    found = store.by_prefix(ref.lower()) if _SHORT.fullmatch(ref.lower()) else ()
    found = found or store.by_tag(ref)
    if len(found) > 1:
        raise RevisionError(
            f"{ref!r} names {len(found)} releases in {store.where}: give the SHA of one\n{lines(found)}"
        )
    return found[0] if found else None


def is_full(ref: str) -> bool:
    """Return whether `ref` is a full SHA."""
    return FULL_SHA.fullmatch(ref) is not None


def lines(manifests: Sequence[Manifest]) -> str:
    """Return releases for people to choose from, one a line."""
    return "\n".join(
        f"  {manifest.sha}  {manifest.published_at:%Y-%m-%d %H:%M}  {one_line(' '.join(manifest.tags))}".rstrip()
        for manifest in manifests
    )
