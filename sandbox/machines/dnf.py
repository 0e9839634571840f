"""The `dnf` of a machine: links the developer's programs that stand in for those of a package."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.machines.developer import Developer
from sandbox.machines.image import add_python, script
from sandbox.machines.repository import PACKAGES, Package
from sandbox.paths import CHECKOUT


class DnfError(Exception):
    """A package cannot be installed; the message is in the words of dnf."""


def main(arguments: Sequence[str]) -> int:
    """Run `--installed-to FOLDER install NAME...`; dnf's own options are accepted and ignored."""
    folder = Path(arguments[1])
    words = [word for word in arguments[2:] if not word.startswith("-")]
    if words[:1] != ["install"]:
        print(f"Error: a machine of the sandbox can only `dnf install`, not `dnf {' '.join(words)}`", file=sys.stderr)
        return 1
    try:
        for line in install(words[1:], folder, Developer.of_this_process()):
            print(line)
    except DnfError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def install(names: Sequence[str], folder: Path, developer: Developer) -> list[str]:
    """Link the commands of those packages into a machine's folder of commands; returns what stands in for what.

    Raises DnfError, with nothing installed, if a package is unknown or has no stand-in on this computer.
    """
    unknown = [name for name in names if name not in PACKAGES]
    if unknown:
        missing = [f"No match for argument: {name}" for name in unknown]
        raise DnfError("\n".join([*missing, f"Error: Unable to find a match: {' '.join(unknown)}"]))
    found = {name: _stand_ins(name, PACKAGES[name], developer) for name in names if not PACKAGES[name].module}
    said: list[str] = []
    for name in names:
        if module := PACKAGES[name].module:
            said += _put_module(folder, name, module)
            continue
        for command, program in found[name].items():
            _put(folder, command, program)
            said.append(f"{name}: {command} is {program}, of this machine")
        pip_of = PACKAGES[name].pip_of
        if pip_of:
            _add_pip(name, folder, pip_of)
    return said


def _stand_ins(name: str, package: Package, developer: Developer) -> Mapping[str, Path]:
    """Return the package's commands, each with the program that stands in for it."""
    python = package.python or (package.pip_of if package.pip_of != "python3" else None)
    if python:
        program = developer.find(python)
        if program is None:
            raise _no_stand_in(name, python)
        return {python: program}
    found: dict[str, Path] = {}
    for command, stand_in in package.commands.items():
        beside = next(iter(found.values())).parent if found else None
        program = developer.find(stand_in, beside=beside)
        if program is not None:
            found[command] = program
        elif not found:
            raise _no_stand_in(name, stand_in)
    return found


def _no_stand_in(package: str, program: str) -> DnfError:
    return DnfError(
        f"Error: {package} is a package of Amazon Linux 2023, but this computer has no {program} that could stand in "
        f"for it in the sandbox: install {program}, and put it on your PATH before `make up`"
    )


def _put_module(folder: Path, name: str, module: str) -> list[str]:
    """Have the package's command run a module of the sandbox, with its own Python and packages."""
    (command,) = PACKAGES[name].commands
    python = f"PYTHONPATH={shlex.quote(str(CHECKOUT))} {shlex.quote(sys.executable)}"
    script(folder / command, f'exec env {python} -m {module} "$@"')
    return [f"{name}: {command} is a stand-in of the sandbox"]


def _put(folder: Path, command: str, program: Path) -> None:
    if command.startswith("python"):
        add_python(folder, command, program)
        return
    link = folder / command
    link.unlink(missing_ok=True)
    link.symlink_to(program)


def _add_pip(package: str, folder: Path, python: str) -> None:
    """Install pip for that Python."""
    root = folder.parent / "lib" / python
    command = [str(root / "bin" / python), "-m", "ensurepip", "--default-pip"]
    environment = {"HOME": os.devnull, "PATH": str(folder), "PIP_NO_INDEX": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise _no_stand_in(package, f"{python} with the module ensurepip")
    version = "3" if python == "python3" else python.removeprefix("python")
    for name in ("pip", "pip3") if version == "3" else (f"pip{version}",):
        script(folder / name, f'exec "{root / "bin" / python}" -m pip "$@"')


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
