"""The first step of every make target: the virtual environment. Needs nothing but Python 3.10.

`python3 -m sandbox.bootstrap ARGUMENTS...` makes the environment where it is missing and becomes
`<its python> ARGUMENTS...`; without arguments it prints that python's path. The environment lies in the
cache, keyed by what determines it, so a checkout that asks for the same one installs nothing.
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

from sandbox.errors import SandboxError, unwritten
from sandbox.locks import locked
from sandbox.paths import CHECKOUT, cache_root, machine
from sandbox.progress import Progress, follow, tail

MINIMUM = (3, 10)
REQUIREMENTS = CHECKOUT / "requirements-dev.txt"
INSTALL_DEADLINE = 1800.0  # seconds, for the slowest of connections
COMPLETE = ".complete"  # written last: without it the environment is half made


def main(arguments: list[str]) -> int:
    """Ensure the environment and become its python; returns an exit code where there is nothing to become."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        check_version()
        check_folder(CHECKOUT)
        python = ensure(REQUIREMENTS, CHECKOUT)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {unwritten(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if arguments:
        os.execv(python, [str(python), *arguments])  # noqa: S606  # no shell is wanted
    print(python)
    return 0


def check_version() -> None:
    """Become a newer Python of PATH where this one is too old; raise SandboxError where there is none."""
    if sys.version_info >= MINIMUM:
        return
    for minor in range(14, MINIMUM[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, "-m", "sandbox.bootstrap", *sys.argv[1:]])  # noqa: S606  # no shell is wanted
    found = ".".join(str(part) for part in sys.version_info[:3])
    raise SandboxError(
        f"{sys.executable} is Python {found}, Slipway needs 3.10 or newer: "
        f"name one with PYTHON=/path/to/python3.12 after make"
    )


def check_folder(checkout: Path) -> None:
    """Raise SandboxError where the checkout lies below a folder that lists of folders, such as PATH, can't hold."""
    if os.pathsep in str(checkout) or "\n" in str(checkout):
        raise SandboxError(
            f"{str(checkout)!r} has a colon or a line break in it, which PATH can't hold: move the checkout"
        )


def key(requirements: Path) -> str:
    """What determines the environment: the pins, the Python, and where that lies."""
    digest = hashlib.sha256(requirements.read_bytes())
    version = ".".join(str(part) for part in sys.version_info[:3])
    digest.update(f"\0{version}\0{sys.base_prefix}\0{machine()}".encode())
    return f"py{version}-{digest.hexdigest()[:16]}"


def ensure(requirements: Path, checkout: Path) -> Path:
    """The python of the environment, made where it is missing. Raises SandboxError where it can't be."""
    environment = cache_root() / "venv" / key(requirements)
    python = environment / "bin" / "python"
    if not _is_complete(environment):
        with locked(
            environment.with_name(environment.name + ".lock"),
            deadline=INSTALL_DEADLINE,
            waiting=lambda: print(f"waiting: another process makes {environment}", file=sys.stderr),
        ):
            if not _is_complete(environment):
                _make(environment, requirements)
    _link(checkout / ".venv", environment)
    return python


def _is_complete(environment: Path) -> bool:
    return (environment / COMPLETE).exists() and (environment / "bin" / "python").exists()


def _make(environment: Path, requirements: Path) -> None:
    """Environments can't be moved, so it is made where it will lie, and marked when it is whole."""
    shutil.rmtree(environment, ignore_errors=True)
    environment.parent.mkdir(parents=True, exist_ok=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(environment)], capture_output=True, text=True, check=False)
    if made.returncode:
        raise SandboxError(
            f"{sys.executable} -m venv failed; on Debian and Ubuntu the package python3-venv is missing\n"
            f"{made.stdout}{made.stderr}".rstrip()
        )
    _install(environment, requirements)
    (environment / COMPLETE).touch()


def _install(environment: Path, requirements: Path) -> None:
    pins = [line for line in requirements.read_text().splitlines() if "==" in line and line[0].isalnum()]
    log = environment / "install.log"
    progress = Progress("python packages")
    fetched = 0

    def status(line: str) -> str:
        nonlocal fetched
        fetched += line.startswith("Collecting ")
        done = line.startswith("Installing collected packages")
        return "installing them" if done else f"{fetched} of {len(pins)} fetched"

    pip = [str(environment / "bin" / "python"), "-m", "pip", "--no-input", "--disable-pip-version-check"]
    command = [*pip, "install", "--require-hashes", "--progress-bar", "off", "-r", str(requirements)]
    try:
        code = follow(command, progress=progress, status=status, log=log, deadline=INSTALL_DEADLINE)
    except TimeoutError:
        raise SandboxError(f"pip took more than {INSTALL_DEADLINE / 60:.0f} min; see {log}") from None
    if code:
        raise SandboxError(f"pip could not install {requirements}, see {log}; it ended with\n{tail(log)}")
    progress.end("installed")


def _link(link: Path, environment: Path) -> None:
    """Point the checkout's `.venv` at the environment; one that somebody made by hand is left alone."""
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
