"""Finds uncommitted changes in a work tree without running anything that the repository's configuration names."""

from __future__ import annotations

from release.source import git_command
from release.source.repository import Repository

_FILTER_KEYS = (".clean", ".smudge", ".process", ".required")


def is_dirty(repository: Repository, directory: str) -> bool:
    """Return whether files of `directory` ("" for all) are changed, staged or untracked.

    Files that git would have to put through a filter (Git LFS) do not count, because no filter is run; nor do
    submodules, because each has a configuration of its own.
    """
    settings = {key: "false" if key.endswith(".required") else "" for key in _filters(repository)}
    listing = ["status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=all", "--no-renames"]
    scope = ["--", directory] if directory else []
    found = git_command.run([*repository.select, *listing, *scope], settings=settings).split(b"\0")
    changed: list[bytes] = []
    for entry in filter(None, found):
        if entry[:2] != b" M":
            return True
        changed.append(entry[3:])
    return bool(changed) and not set(changed) <= _filtered(repository, changed)


def _filters(repository: Repository) -> list[str]:
    listed = repository.git("config", "--list", "--name-only", "-z").decode("utf-8", "surrogateescape").split("\0")
    return [key for key in listed if key.startswith("filter.") and key.endswith(_FILTER_KEYS)]


def _filtered(repository: Repository, paths: list[bytes]) -> set[bytes]:
    asked = [*repository.select, "check-attr", "-z", "--stdin", "filter"]
    _, output, _ = git_command.attempt(asked, stdin=b"\0".join(paths) + b"\0")
    fields = output.split(b"\0")
    rows = zip(fields[::3], fields[2::3], strict=False)
    return {path for path, value in rows if value not in (b"unspecified", b"unset")}
