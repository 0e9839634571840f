"""Refuses symbolic links that lead out of what is deployed: no instance has what they point to. Pure."""

from __future__ import annotations

from release.errors import ArtifactError
from release.text import shown_path

_MAX_HOPS = 40
"""Links to follow before a path counts as a loop (Linux's own limit)."""


def check(links: dict[bytes, bytes], where: str, built_in: bytes = b"") -> None:
    """Raise ArtifactError for the first symbolic link (target by path) that leads out of the tree, even via others.

    `built_in` is the folder of the build that made the links, if one did.
    """
    for path, target in links.items():
        if target.startswith(b"/"):
            what = f"{where}: {shown_path(path)} is a link to {shown_path(target)}"
            raise ArtifactError(f"{what}{_made_relative(path, target, built_in)}")
        if _leaves(path, links):
            raise ArtifactError(
                f"{where}: {shown_path(path)} is a link to {shown_path(target)}, outside the deployed directory: "
                "point it inside, or deploy the directory above"
            )


def _made_relative(path: bytes, target: bytes, built_in: bytes) -> str:
    """Return what to do about a link to an absolute path."""
    folder, _, name = path.rpartition(b"/")
    if folder.endswith(b"bin") and name.startswith((b"python", b"pypy")):
        return (
            ", the Python of the machine that built it: a virtual environment can't be moved. Let the build run "
            "`python3 -m pip install --target vendor -r requirements.txt` instead, and begin the Procfile's command "
            "with `PYTHONPATH=vendor python3 …`"
        )
    if built_in and (target + b"/").startswith(built_in.rstrip(b"/") + b"/"):
        return ", in the folder of the build, which no instance has: make it relative (`ln -sr`, not `ln -s`)"
    if built_in:
        return (
            ", on the machine that built it: no instance has that. If it points to a deployed file, make it relative; "
            f"else let the build replace it with a copy (`cp --remove-destination $(readlink -f {shown_path(path)}) "
            f"{shown_path(path)}`) or remove it"
        )
    return ": make it relative (`ln -sr`), or commit the file itself"


def _leaves(path: bytes, links: dict[bytes, bytes]) -> bool:
    reached: list[bytes] = []
    todo = path.split(b"/")[::-1]
    hops = 0
    while todo:
        part = todo.pop()
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not reached:
                return True
            reached.pop()
            continue
        target = links.get(b"/".join([*reached, part]))
        if target is None:
            reached.append(part)
            continue
        hops += 1
        if hops > _MAX_HOPS:  # a loop leads nowhere, and so not out
            return False
        todo.extend(target.split(b"/")[::-1])
    return False
