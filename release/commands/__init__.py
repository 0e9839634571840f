"""The commands of `python -m release`: one module each, with `add`, which declares its options, and `run`."""

from __future__ import annotations

import argparse
import importlib

from release.commands import options

NAMES = (
    "publish",
    "list",
    "show",
    "history",
    "diff",
    "status",
    "watch",
    "exec",
    "logs",
    "replicate",
    "freeze",
    "thaw",
    "maintenance",
    "rollback",
    "activate",
    "drill",
    "preview",
    "drift",
    "sweep",
    "comment",
    "reviewed",
    "permissions",
)
"""In the order in which `--help` shows them."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; `parsed.run(parsed)` runs the command."""
    top = argparse.ArgumentParser(prog="python -m release", description="Releases: commits, published once.")
    subcommands = top.add_subparsers(metavar="COMMAND", required=True)
    for name in NAMES:
        module = importlib.import_module(f"release.commands.{name}")
        command = subcommands.add_parser(name, parents=[options.common()], help=module.HELP)
        module.add(command)
        command.set_defaults(run=module.run)
    return top
