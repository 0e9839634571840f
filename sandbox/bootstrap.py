"""Make the virtual environment: the first step of every make target. Needs nothing but Python 3.10.

`python3 -m sandbox.bootstrap ARGUMENTS...` makes the environment if it is missing and then becomes
`<its python> ARGUMENTS...`; without arguments it prints that python's path. The environment is kept in the cache under
a key made from everything that determines it, so that a second checkout with the same requirements installs nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import types
from pathlib import Path

from sandbox.errors import SandboxError, describe
from sandbox.locks import locked
from sandbox.paths import CHECKOUT, cache_root, machine
from sandbox.progress import Progress, follow, tail

MINIMUM = (3, 10)
REQUIREMENTS = CHECKOUT / "requirements-dev.txt"
INSTALL_DEADLINE = 1800.0  # seconds, for a very slow connection
COMPLETE = ".complete"  # written last: an environment without it is incomplete


def main(arguments: list[str]) -> int:
    """Make the environment if it is missing and become its python. Returns an exit code if it cannot, or need not."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        check_version()
        check_folder(CHECKOUT)
        python = ensure(REQUIREMENTS, CHECKOUT)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {describe(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if arguments:
        os.execv(python, [str(python), *arguments])  # noqa: S606  # no shell is wanted
    print(python)
    return 0


def check_version() -> None:
    """Become a newer Python from PATH if this one is too old. Raises SandboxError if there is none."""
    if sys.version_info >= MINIMUM:
        return
    for minor in range(14, MINIMUM[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, "-m", "sandbox.bootstrap", *sys.argv[1:]])  # noqa: S606  # no shell is wanted
    found = ".".join(str(part) for part in sys.version_info[:3])
    raise SandboxError(
        f"{sys.executable} is Python {found}, Slipway needs 3.10 or newer: "
        f"name one on make's command line, PYTHON=/path/to/python3.12"
    )


def check_folder(checkout: Path) -> None:
    """Raise SandboxError if the checkout's path cannot be part of a list of folders such as PATH."""
    if os.pathsep in str(checkout) or "\n" in str(checkout):
        raise SandboxError(
            f"{str(checkout)!r} contains a colon or a line break, which PATH cannot hold: move the checkout"
        )


def key(requirements: Path) -> str:
    """Return a name made from what determines the environment: the pins, the Python, and where it is installed."""
    digest = hashlib.sha256(requirements.read_bytes())
    version = ".".join(str(part) for part in sys.version_info[:3])
    digest.update(f"\0{version}\0{sys.base_prefix}\0{machine()}".encode())
    return f"py{version}-{digest.hexdigest()[:16]}"


def ensure(requirements: Path, checkout: Path) -> Path:
    """Return the python of `made`, and point the checkout's `.venv` at its environment. Raises SandboxError."""
    python = made(requirements)
    _link(checkout / ".venv", python.parent.parent)
    return python


def made(requirements: Path) -> Path:
    """Return the environment's python; make it first if it is missing. Raises SandboxError if that fails."""
    environment = cache_root() / "venv" / key(requirements)
    python = environment / "bin" / "python"
    if not _is_complete(environment):
        with locked(
            environment.with_name(environment.name + ".lock"),
            deadline=INSTALL_DEADLINE,
            waiting=lambda: print(f"waiting for another process to make {environment}", file=sys.stderr),
        ):
            if not _is_complete(environment):
                _make(environment, requirements)
    return python


def _is_complete(environment: Path) -> bool:
    return (environment / COMPLETE).exists() and (environment / "bin" / "python").exists()


def _make(environment: Path, requirements: Path) -> None:
    """Make the environment at its final path, because environments cannot be moved, and mark it when it is complete."""
    shutil.rmtree(environment, ignore_errors=True)
    environment.parent.mkdir(parents=True, exist_ok=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(environment)], capture_output=True, text=True, check=False)
    if made.returncode:
        raise SandboxError(
            f"{sys.executable} -m venv failed; on Debian and Ubuntu, install the package python3-venv\n"
            f"{made.stdout}{made.stderr}".rstrip()
        )
    _install(environment, requirements)
    (environment / COMPLETE).touch()


def _install(environment: Path, requirements: Path) -> None:
    pins = [line for line in requirements.read_text().splitlines() if "==" in line and line[0].isalnum()]
    log = environment / "install.log"
    progress = Progress(f"python packages ({requirements.stem})")
    fetched = 0

    def status(line: str) -> str:
        nonlocal fetched
        fetched += line.startswith("Collecting ")
        done = line.startswith("Installing collected packages")
        return "installing" if done else f"{fetched} of {len(pins)} fetched"

    pip = [str(environment / "bin" / "python"), "-m", "pip", "--no-input", "--disable-pip-version-check"]
    command = [*pip, "install", "--require-hashes", "--progress-bar", "off", "-r", str(requirements)]
    try:
        code = follow(command, progress=progress, status=status, log=log, deadline=INSTALL_DEADLINE)
    except TimeoutError:
        raise SandboxError(f"pip took more than {INSTALL_DEADLINE / 60:.0f} min; see {log}") from None
    if code:
        raise SandboxError(f"pip could not install {requirements}; the end of {log}:\n{tail(log)}")
    progress.end("installed")


def _link(link: Path, environment: Path) -> None:
    """Point the checkout's `.venv` at the environment, unless somebody made a `.venv` by hand."""
    if link.is_symlink():
        if link.readlink() == environment:
            return
    elif link.exists():
        return
    fresh = link.with_name(f".venv.{os.getpid()}")
    fresh.symlink_to(environment)
    fresh.replace(link)


def _interrupt(_number: int, _frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
