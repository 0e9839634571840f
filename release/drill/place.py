"""Where a drill keeps its state while it runs: a private folder, the same for each drill of a stack, used by one only.

The folder is gone once everything that the drill made is; where that could not be removed, the next drill finds here
what it takes to remove it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from release.errors import DrillError

_PROJECT = "name: {name}\nruntime: python\n"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A drill's folder."""

    folder: Path

    @property
    def backend(self) -> str:
        """The URL of the state backend: a folder, so that no region holds it."""
        return f"file://{quote(str(self.folder / 'state'))}"

    @property
    def scratch(self) -> Path:
        """A project beside the stack's file, in which `pulumi stack init` may write."""
        return self.folder / "project"

    def config(self, stack: str) -> Path:
        """Return the path of the isolated stack's file."""
        return self.scratch / f"Pulumi.{stack}.yaml"

    @property
    def used(self) -> bool:
        """Whether an earlier drill left its state."""
        return (self.folder / "state").exists()

    def prepare(self, stack: str, text: str, project: str) -> None:
        """Write the project and the isolated stack's file."""
        for folder in (self.folder / "state", self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        (self.scratch / "Pulumi.yaml").write_text(_PROJECT.format(name=project), encoding="utf-8")
        config = self.config(stack)
        config.touch(mode=0o600)
        config.write_text(text, encoding="utf-8")

    def clear(self) -> None:
        """Remove what is in the folder, except the lock."""
        for name in ("state", "project", "bin"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "git.log").unlink(missing_ok=True)


def path(stack: str, region: str) -> Path:
    """Return the folder of a stack's drills."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "slipway" / "drills" / f"{stack}-{region}"


@contextmanager
def alone(folder: Path) -> Generator[Place]:
    """Make the folder and hold it. Raises DrillError if another drill does, or if it can't be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)  # the stack's file may hold secrets in the open
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise DrillError(
            f"{folder}: a drill can't keep its state there ({error.strerror}): set XDG_CACHE_HOME to a folder that can "
            "be written"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DrillError(f"a drill of this stack is running here already; it holds {folder}") from None
        yield Place(folder=folder)
