"""Runs the policy pack with the sandbox's engine, whose Python language host is too old to start one (ADR 0015).

The engine runs a pack whose `runtime` it knows no language for by a plugin of that name. So the sandbox has a plugin,
which runs `./run` in the pack's folder, and a folder that stands for the pack: its PulumiPolicy.yaml with that
runtime, and `run`, which starts policy/pack in the pack's own environment.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import yaml

from sandbox import bootstrap
from sandbox.paths import CHECKOUT

PACK = CHECKOUT / "policy" / "pack"
LEVELS = Path(__file__).with_name("policy_levels.json")
"""Rules that stacks on one machine break on purpose: plain HTTP, and that they are easily removed."""
RUNTIME = "slipway-sandbox"
_PLUGIN = f"analyzer-policy-{RUNTIME}-v1.0.0"


def folder(directory: Path) -> Path:
    """Return the folder that stands for the pack, for `pulumi --policy-pack`."""
    return directory / "policy"


def install(directory: Path, plugins: Path) -> None:
    """Make that folder, the plugin, and the pack's environment if there is none. Raises SandboxError if that fails."""
    python = bootstrap.made(PACK / "requirements.txt")
    own = folder(directory)
    own.mkdir(parents=True, exist_ok=True)
    project = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    (own / "PulumiPolicy.yaml").write_text(yaml.safe_dump({**project, "runtime": RUNTIME}), encoding="utf-8")
    start = f'exec {shlex.quote(str(python))} -u -m pulumi.policy "$1" {shlex.quote(str(PACK))}'
    _script(own / "run", start)
    _script(plugins / _PLUGIN / f"pulumi-analyzer-policy-{RUNTIME}", 'exec ./run "$@"')


def _script(file: Path, command: str) -> None:
    """Write a shell script whole, unless it is there: all checkouts share the plugin, and may be starting it."""
    text = f"#!/bin/sh\n{command}\n"
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(file)
