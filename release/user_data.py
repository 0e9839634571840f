"""What an instance is told at launch: a few assignments, then `boot.sh`. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# EC2's own limit, before base64 (RunInstances, UserData).
LIMIT_BYTES = 16 * 1024

_BOOT = Path(__file__).with_name("boot.sh").read_text(encoding="utf-8")


class UserDataTooLargeError(ValueError):
    """The rendered user data is over EC2's 16 KB."""


@dataclass(frozen=True, kw_only=True)
class Boot:
    """All that an instance must know to boot one release, and nothing secret.

    `secrets` are `name:version` selectors of SSM parameters; the last part of a name is the variable's name.
    `health_codes` are the statuses that are healthy: `200`, `200,301` or `200-399`.
    `boot_timeout` is in seconds.
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
    boot_timeout: int
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = ()


def render(boot: Boot) -> str:
    """The user data as text.

    Raises UserDataTooLargeError where EC2 would refuse it.
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
        "BOOT_TIMEOUT": str(boot.boot_timeout),
    }
    lines = ["#!/bin/bash", f"# Release {boot.sha} of fleet {boot.fleet}."]
    lines += [f"{name}={shlex.quote(value)}" for name, value in assignments.items()]
    lines.append(f"SECRETS=({' '.join(shlex.quote(selector) for selector in boot.secrets)})")
    lines.append("app_environment() {")
    lines += [f"  export {name}={shlex.quote(value)}" for name, value in sorted(boot.environment.items())]
    lines += ["  :", "}"]
    text = "\n".join(lines) + "\n" + _BOOT
    size = len(text.encode())
    if size > LIMIT_BYTES:
        raise UserDataTooLargeError(
            f"fleets.{boot.fleet}.environment: the user data is {size} bytes, EC2 takes {LIMIT_BYTES}; "
            "move long values to files in the repository, or to secrets"
        )
    return text
