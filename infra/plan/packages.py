"""The packages of Amazon Linux 2023 that bring a command which its image lacks. Pure.

Its image has python3 (3.9, without pip), bash and the AWS CLI, and no other language. Source: Amazon Linux 2023 user
guide, "Programming languages and runtimes".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_AMAZON = ("amazon", "137112412989")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=\S*")
_BARE = re.compile(r"[A-Za-z0-9._+-]+")
_BEFORE = ("exec", "env", "nohup", "time")
"""Words that may stand before the command that is run."""


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Commands, the package to suggest if they are missing, and a pattern for all packages that bring them."""

    commands: tuple[str, ...]
    package: str
    brought_by: str


_PYTHONS = ("3.11", "3.12", "3.13", "3.14")

RUNTIMES = (
    Runtime(commands=("node", "npm", "npx"), package="nodejs22", brought_by=r"nodejs\d*(-npm)?"),
    Runtime(commands=("ruby", "bundle", "gem", "irb"), package="ruby3.4", brought_by=r"ruby\d.*|ruby"),
    Runtime(commands=("php",), package="php8.4", brought_by=r"php\d.*|php"),
    Runtime(commands=("java",), package="java-21-amazon-corretto-headless", brought_by=r"java-.*-amazon-corretto.*"),
    Runtime(commands=("go",), package="golang", brought_by=r"golang.*"),
    Runtime(commands=("pip", "pip3"), package="python3-pip", brought_by=r"python3-pip"),
    *(
        Runtime(commands=(f"python{it}",), package=f"python{it}", brought_by=rf"python{re.escape(it)}(-pip|-devel)?")
        for it in _PYTHONS
    ),
    *(
        Runtime(commands=(f"pip{it}",), package=f"python{it}-pip", brought_by=rf"python{re.escape(it)}-pip")
        for it in _PYTHONS
    ),
)


def missing(command: str, packages: Iterable[str], *, image: str, owner: str) -> tuple[str, str] | None:
    """Return the command that such an image lacks, and the package that brings it; None if none is known to be missing.

    `command` is a line of bash. Only its first word is judged, and only where it is looked up on PATH: whatever the
    release brings by itself is called by a path, and a line that sets PATH knows better.
    """
    if not (image.startswith("al2023-ami-") and owner in _AMAZON):
        return None
    word = _first_word(command)
    runtime = next((runtime for runtime in RUNTIMES if word in runtime.commands), None)
    if word is None or runtime is None or any(re.fullmatch(runtime.brought_by, package) for package in packages):
        return None
    return word, runtime.package


def _first_word(command: str) -> str | None:
    for word in command.split():
        if _ASSIGNMENT.fullmatch(word) and not word.startswith("PATH="):
            continue
        if word not in _BEFORE:
            return word if _BARE.fullmatch(word) else None
    return None
