"""Reads what a fleet's processes find in their environment, in the open and as secrets."""

from __future__ import annotations

from infra.settings.section import Section, Syntax, kind, set_command

NAME = Syntax(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "a variable name (up to 128 letters, digits and _, no digit first)")

RESERVED = ("PORT", "INSTANCE_ID", "RELEASE_SHA", "RELEASE_DIGEST")
"""What the boot script tells each process."""
SHELL = frozenset(
    [
        "_",
        "BASH",
        "BASHOPTS",
        "BASHPID",
        "BASH_ARGV0",
        "BASH_COMMAND",
        "BASH_EXECUTION_STRING",
        "BASH_SUBSHELL",
        "BASH_VERSINFO",
        "BASH_VERSION",
        "COMP_WORDBREAKS",
        "EPOCHREALTIME",
        "EPOCHSECONDS",
        "HISTCMD",
        "IFS",
        "LINENO",
        "OLDPWD",
        "OPTERR",
        "OPTIND",
        "PPID",
        "PS1",
        "PS4",
        "PWD",
        "RANDOM",
        "SHELLOPTS",
        "SHLVL",
        "SRANDOM",
    ]
)
"""What bash, which runs the command, sets itself whatever its environment says (bash 5.2)."""
SECRET_LIMIT = 4096
"""Bytes of a standard parameter of the Parameter Store."""


def read_variables(section: Section) -> tuple[dict[str, str], dict[str, str]]:
    """(environment, secrets)."""
    environment_section, secrets_section = section.section("environment"), section.section("secrets")
    environment, secrets = _read(environment_section), _read(secrets_section)
    for name in sorted(environment.keys() & secrets.keys()):
        secrets_section.problem(name, "is in environment too; remove one of them")
    for name, value in secrets.items():
        if not value:
            secrets_section.problem(name, "must not be empty; the Parameter Store takes no empty value")
        elif len(value.encode()) > SECRET_LIMIT:
            secrets_section.problem(name, f"must be at most {SECRET_LIMIT} bytes, is {len(value.encode())}")
    return environment, secrets


def _read(section: Section) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in section.keys():  # noqa: SIM118 (a Section is no mapping)
        value = section.get(name)
        if not NAME.matches(name):
            section.problem(name, f"must be named as {NAME.words}")
        elif name in RESERVED:
            section.problem(name, "is set by Slipway on each instance; choose another name")
        elif name in SHELL:
            section.problem(name, "is reserved: the shell that runs the command sets it itself; choose another name")
        elif not isinstance(value, str):
            # A number too: YAML reads 1.10 as 1.1 and 0123 as 83, and the engine does not say what was written.
            command = set_command(section.at(name), "TEXT --type string")
            section.problem(name, f"must be text, is {_hidden(value)}; put it in quotes, or set it with `{command}`")
        elif "\0" in value:
            section.problem(name, "must not contain a zero byte")
        else:
            values[name] = value
    return values


def _hidden(value: object) -> str:
    """What it is without showing it: it may be a secret."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "a boolean"
    return "a number" if isinstance(value, int | float) else kind(value)
