"""Lay out the commands that an instance has before any package is installed: those of Amazon Linux 2023's image.

Each is a link to the developer's own program of that name. An absolute path, however, leads to the developer's files:
a machine has no root directory of its own.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.machines.developer import Developer
from sandbox.paths import CHECKOUT

# Of coreutils, findutils, util-linux, procps-ng, iproute and the like; no language but python3.
COMMANDS = """
    [ arch awk b2sum base32 base64 basename bash bunzip2 bzcat bzip2 cal cat chcon chgrp chmod chown chroot cksum
    clear cmp column comm cp csplit curl cut date dd df diff diff3 dir dirname dmesg du echo egrep env expand expr
    factor false fgrep file find flock fmt fold free gawk getconf getent getopt grep groups gunzip gzip head hexdump
    host hostid hostname iconv id install ionice ip join kill last ldd less link ln locale logger login logname look
    ls lsblk lscpu md5sum mkdir mkfifo mknod mktemp more mount mv namei nice nl nohup nproc numfmt od openssl paste
    pathchk pgrep pidof ping pinky pkill pmap pr printenv printf prlimit ps ptx pwd pwdx readlink realpath renice
    rev rm rmdir runuser script sdiff sed seq setpriv setsid sh sha1sum sha224sum sha256sum sha384sum sha512sum
    shred shuf sleep sort split ss stat stdbuf strings stty su sudo sum sync sysctl tac tail tar taskset tee test
    timeout top touch tr true truncate tsort tty uname unexpand uniq unlink unxz uptime useradd userdel users
    uuidgen vdir vmstat w watch wc whereis which who whoami xargs xz xzcat yes zcat zgrep
"""
SYSTEM_PYTHON = "python3.9"
POWER = "power"
"""The pipe in a machine's folder into which `shutdown` writes a word."""
_NOW = """for word; do case $word in
  now | +0 | -h | -P | --poweroff) ;;
  *) echo "shutdown: a machine of the sandbox can only power off now, not: $*" >&2; exit 1 ;;
esac; done
case $*: in *now: | *+0:) echo off >%s ;; *) echo "shutdown: say now" >&2; exit 1 ;; esac"""


@dataclass(frozen=True, kw_only=True)
class MachineImage:
    """The programs behind the commands, and the Python behind `python3`."""

    commands: dict[str, Path]
    python: Path
    developer: Developer

    @staticmethod
    def of_this_machine() -> MachineImage:
        """Return the image of this user's programs. Without Python 3.9, this Python is `python3`."""
        developer = Developer.of_this_process()
        found = {name: path for name in COMMANDS.split() if (path := developer.find(name))}
        python = developer.find(SYSTEM_PYTHON) or Path(getattr(sys, "_base_executable", sys.executable))
        found["aws"] = Path(sys.executable).with_name("aws")
        return MachineImage(commands=found, python=python, developer=developer)

    def lay_out(self, folder: Path) -> None:
        """Fill the folder that is a machine's PATH."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in self.commands.items():
            (folder / name).symlink_to(path)
        add_python(folder, "python3", self.python)
        power = shlex.quote(str(folder.parents[1] / POWER))
        script(folder / "shutdown", _NOW % power)
        script(folder / "poweroff", f"echo off >{power}")
        path = os.pathsep.join(map(str, self.developer.folders))
        script(
            folder / "dnf",
            f"exec env HOME={shlex.quote(str(self.developer.home))} PATH={shlex.quote(path)} "
            f"PYTHONPATH={shlex.quote(str(CHECKOUT))} {shlex.quote(sys.executable)} -m sandbox.machines.dnf "
            f'--installed-to {shlex.quote(str(folder))} "$@"',
        )


def add_python(folder: Path, name: str, program: Path) -> Path:
    """Add a Python under that name, without the developer's packages and without pip. Returns its folder.

    This makes what `python3 -m venv --without-pip` makes, in a millisecond.
    """
    root = folder.parent / "lib" / name
    (root / "bin").mkdir(parents=True, exist_ok=True)
    (root / "pyvenv.cfg").write_text(f"home = {program.parent}\ninclude-system-site-packages = false\n")
    inner = root / "bin" / name
    if not inner.is_symlink():
        inner.symlink_to(program)
    script(folder / name, f'exec {shlex.quote(str(inner))} "$@"')
    return root


def script(file: Path, line: str) -> None:
    """Write a command in sh, replacing any of that name."""
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)
