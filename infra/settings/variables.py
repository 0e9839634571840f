"""Checks the names and values of an app's environment variables and secrets."""

from __future__ import annotations

from infra.settings.kinds import Kind, Wrong, excluding, text, wrong

_SLIPWAYS = ("PORT", "INSTANCE_ID", "RELEASE_SHA", "RELEASE_DIGEST")
"""Set by the boot script for each process."""
_BASHS = (
    "_", "BASH", "BASHOPTS", "BASHPID", "BASH_ARGV0", "BASH_COMMAND", "BASH_EXECUTION_STRING", "BASH_SUBSHELL",
    "BASH_VERSINFO", "BASH_VERSION", "COMP_WORDBREAKS", "EPOCHREALTIME", "EPOCHSECONDS", "HISTCMD", "IFS", "LINENO",
    "OLDPWD", "OPTERR", "OPTIND", "PPID", "PS1", "PS4", "PWD", "RANDOM", "SHELLOPTS", "SHLVL", "SRANDOM",
)  # fmt: skip
"""Set by bash itself, which runs the command, whatever its environment says (bash 5.2)."""
_SECRET_LIMIT = 4096
"""Bytes of a standard parameter of the Parameter Store."""


def _read_variable(value: object) -> str:
    """Return a text, which may be empty.

    A number is refused too: YAML reads 1.10 as 1.1 and 0123 as 83, and the engine does not say what was written.
    """
    if not isinstance(value, str):
        raise Wrong("text", "must be text")
    return value


def _read_secret(value: object) -> str:
    secret = _read_variable(value)
    if not secret:
        raise wrong("must not be empty; the Parameter Store takes no empty value")
    if (size := len(secret.encode())) > _SECRET_LIMIT:
        raise wrong(f"must be at most {_SECRET_LIMIT} bytes, is {size}")
    return secret


NAME = excluding(
    text(
        r"[A-Za-z_][A-Za-z0-9_]{0,127}",
        "a variable name (up to 128 letters, digits and _, no digit first)",
        named="must be named as",
    ),
    {
        **dict.fromkeys(_SLIPWAYS, "is set by Slipway on each instance; choose another name"),
        **dict.fromkeys(_BASHS, "is reserved: the shell that runs the command sets it itself; choose another name"),
    },
)
VARIABLE = Kind("text", {"type": "string"}, _read_variable)
SECRET = Kind(
    "encrypted text",
    {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"]},
    _read_secret,
)
