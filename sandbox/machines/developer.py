"""Find the programs of the sandbox's user, which stand in for those that an instance would have."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SYSTEM = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
VERSIONS = (".pyenv/versions/*/bin", ".rbenv/versions/*/bin", ".nvm/versions/node/*/bin", ".asdf/installs/*/*/bin")
"""Below the home folder: where version managers keep the versions that are not active."""

# A command on PATH may be a shim that chooses the program by the user's settings, which a machine does not have: it is
# asked for the path of the program itself.
_ASK: Mapping[str, Sequence[str]] = {
    "python": ("-I", "-c", "import sys; print(sys._base_executable)"),
    "node": ("-p", "process.execPath"),
    "ruby": ("-rrbconfig", "-e", "print RbConfig.ruby"),
    "php": ("-r", "echo PHP_BINARY;"),
    "go": ("version",),
    "java": ("-version",),
}
_PATIENCE = 20.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Developer:
    """Where to look for programs: on a PATH (`folders`), and below a home folder."""

    folders: tuple[Path, ...]
    home: Path

    @staticmethod
    def of_this_process() -> Developer:
        """Return the PATH and home folder of this process's user."""
        path = (Path(folder) for folder in (*os.environ.get("PATH", "").split(os.pathsep), *SYSTEM))
        folders = dict.fromkeys(folder for folder in path if folder.is_absolute())
        return Developer(folders=tuple(folders), home=Path.home())

    def find(self, name: str, *, beside: Path | None = None) -> Path | None:
        """Return a working program of that name, preferably in `beside`; None if there is none."""
        first = [beside / name] if beside else []
        return next((real for path in [*first, *self._candidates(name)] if (real := self._real(name, path))), None)

    def _candidates(self, name: str) -> Iterator[Path]:
        yield from (folder / name for folder in self.folders)
        for pattern in VERSIONS:
            yield from (folder / name for folder in sorted(self.home.glob(pattern), reverse=True))

    def _real(self, name: str, path: Path) -> Path | None:
        if not (path.is_file() and os.access(path, os.X_OK)):
            return None
        question = _ASK.get(name.rstrip("0123456789."))
        if question is None:
            return path
        said = self._ask([str(path), *question])
        if said is None:
            return None
        return Path(said) if Path(said).is_absolute() else path

    def _ask(self, command: Sequence[str]) -> str | None:
        environment = {"HOME": str(self.home), "PATH": os.pathsep.join(map(str, self.folders)), "LC_ALL": "C.UTF-8"}
        try:
            answer = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return answer.stdout.decode(errors="replace").strip()
