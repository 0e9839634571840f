"""What an instance is told at launch: a few assignments, then `boot.sh`. Pure."""

from __future__ import annotations

import base64
import bz2
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

# EC2's own limit, before base64 (RunInstances, UserData).
LIMIT_BYTES = 16 * 1024

_RELEASE = Path(__file__).parents[1]
_HAPPENS = "# From here on things happen."
"""The line of boot.sh before which a part is put."""
_UNPACK = """
# What follows is release/boot.sh, packed so that the variables above have room. To read it: `cat <(...)`.
. <(python3 -I -c 'import base64, bz2, sys
sys.stdout.buffer.write(bz2.decompress(base64.b85decode(sys.argv[1])))' \\
"""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What some instances run in addition to boot.sh: `release/boot/<script>.sh`, and what that is told.

    It is sourced after boot.sh has defined its functions and before anything happens: it defines functions, also in
    place of boot.sh's own, or ends with `exit`, so that what boot.sh does never begins. Without parts, the user data is
    the same to the byte as before there were any.
    """

    script: str
    told: Mapping[str, str] = field(default_factory=dict)
    """Assignments, by their names in capitals. Nothing secret."""


class UserDataTooLargeError(ValueError):
    """The rendered user data is over EC2's 16 KB; the message says which settings take how much of it."""


@dataclass(frozen=True, kw_only=True)
class Boot:
    """All that an instance must know to boot one release, and nothing secret.

    `secrets` are `name:version` selectors of SSM parameters; the last part of a name is the variable's name.
    The timeouts are in seconds. `health_codes` are as ELBv2's Matcher has them.
    `packages` are installed from the image's repositories.
    """

    sha: str
    digest: str
    bucket: str
    region: str
    fleet: str
    group: str
    hook: str
    log_group: str
    command: str
    port: int
    health_path: str
    health_codes: str
    health_timeout: int
    boot_timeout: int
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


def render(boot: Boot) -> str:
    """Return the user data as text.

    Raises UserDataTooLargeError if EC2 would refuse it.
    """
    assignments = {
        "SHA": boot.sha,
        "DIGEST": boot.digest,
        "BUCKET": boot.bucket,
        "REGION": boot.region,
        "FLEET": boot.fleet,
        "GROUP": boot.group,
        "HOOK": boot.hook,
        "LOG_GROUP": boot.log_group,
        "COMMAND": boot.command,
        "DEFAULT_PORT": str(boot.port),
        "HEALTH_PATH": boot.health_path,
        "HEALTH_CODES": boot.health_codes,
        "HEALTH_TIMEOUT": str(boot.health_timeout),
        "BOOT_TIMEOUT": str(boot.boot_timeout),
        "ENVIRONMENT": _environment(boot),
        **{name: value for part in boot.parts for name, value in part.told.items()},
    }
    lines = ["#!/bin/bash", f"# Release {boot.sha} of fleet {boot.fleet}."]
    lines += [f"{name}={shlex.quote(value)}" for name, value in assignments.items()]
    lines.append(_secrets(boot))
    lines.append(f"PACKAGES=({' '.join(shlex.quote(package) for package in boot.packages)})")
    text = "\n".join(lines) + f"{_UNPACK}'{_packed(tuple(part.script for part in boot.parts))}')\n"
    size = len(text.encode())
    if size > LIMIT_BYTES:
        raise UserDataTooLargeError(_too_large(boot, size))
    return text


@cache
def _packed(parts: tuple[str, ...]) -> str:
    """Return boot.sh with these parts, packed.

    With bzip2, because its bytes follow from the input alone: libbz2 is the only one there is, and its format closed.
    """
    script = (_RELEASE / "boot.sh").read_text()
    defines, happens, rest = script.partition(_HAPPENS)
    more = [(_RELEASE / "boot" / f"{part}.sh").read_text() for part in parts]
    # Lines of comment, and the comment on a function's first line, are for people who read the scripts.
    text = re.sub(r"(?m)^ *#.*\n|(?<=\(\) \{) #.*$", "", "".join([defines, *more, happens, rest]))
    return base64.b85encode(bz2.compress(text.encode())).decode()


def _environment(boot: Boot) -> str:
    """Return the app's variables as JSON: variables of the script could have the same names."""
    return json.dumps(dict(boot.environment), sort_keys=True, ensure_ascii=False)


def _secrets(boot: Boot) -> str:
    return f"SECRETS=({' '.join(shlex.quote(selector) for selector in boot.secrets)})"


def _too_large(boot: Boot, size: int) -> str:
    parts = {
        "environment": len(shlex.quote(_environment(boot)).encode()),
        "command": len(shlex.quote(boot.command).encode()),
        "secrets": len(_secrets(boot).encode()),
    }
    largest = max(parts, key=lambda name: parts[name])
    remedies = {
        "environment": "move long values to files in the repository, or to secrets",
        "command": "move it to a script in the repository",
        "secrets": "join several into one, as JSON",
    }
    taken = ", ".join(f"{name} {length}" for name, length in parts.items())
    long = sorted(boot.environment, key=lambda name: len(boot.environment[name]), reverse=True)[:3]
    named = f" (the longest: {', '.join(long)})" if largest == "environment" else ""
    return (
        f"fleets.{boot.fleet}.{largest}: the user data would be {size} bytes, and EC2 takes {LIMIT_BYTES} "
        f"({taken}, the rest is Slipway's){named}; {remedies[largest]}"
    )
