"""What a Command document has an instance run, with its parameters put in. Pure.

Of what documents can say only `aws:runShellScript` of schema 2.2 is known here. Source: Systems Manager user guide,
"Document schemas, features, and examples", "Data elements and parameters", "Command document plugin reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RUN_SHELL_SCRIPT = "AWS-RunShellScript"
OWNED_BY_AWS: Mapping[str, Mapping[str, Any]] = {
    RUN_SHELL_SCRIPT: {
        "schemaVersion": "2.2",
        "parameters": {
            "commands": {"type": "StringList"},
            "workingDirectory": {"type": "String", "default": "", "maxChars": 4096},
            "executionTimeout": {
                "type": "String",
                "default": "3600",
                "allowedPattern": "([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)",
            },
        },
        "mainSteps": [
            {
                "action": "aws:runShellScript",
                "name": "runShellScript",
                "inputs": {
                    "runCommand": "{{ commands }}",
                    "workingDirectory": "{{ workingDirectory }}",
                    "timeoutSeconds": "{{ executionTimeout }}",
                },
            }
        ],
    }
}
"""The documents that are in every account (here only the one for shell scripts)."""
_LONGEST = 172_800
_DEFAULT = 3600
_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


class DocumentError(ValueError):
    """What the parameters have that the document does not allow; the message says it as Systems Manager would."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """What the agent runs: the plugin's name, a script for sh, and the seconds that it may take."""

    plugin: str
    text: str
    seconds: int


def script(content: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> Script:
    """Return what a document's one step runs. Raises DocumentError."""
    steps = content.get("mainSteps") or []
    if len(steps) != 1 or steps[0].get("action") != "aws:runShellScript":
        raise DocumentError("the sandbox runs documents with one step, which is aws:runShellScript")
    values = _values(content.get("parameters") or {}, given)
    inputs = steps[0].get("inputs") or {}
    lines = _lines(inputs.get("runCommand", []), values)
    if directory := "".join(_lines(inputs.get("workingDirectory", ""), values)):
        lines = [f"cd '{directory}' || exit 1", *lines]
    seconds = "".join(_lines(inputs.get("timeoutSeconds", _DEFAULT), values))
    if not re.fullmatch(r"[0-9]{1,6}", seconds) or not 1 <= int(seconds) <= _LONGEST:
        raise DocumentError(f"timeoutSeconds is {seconds!r}, and has to be from 1 to {_LONGEST}")
    return Script(plugin=str(steps[0]["name"]), text="\n".join(lines) + "\n", seconds=int(seconds))


def terminal(content: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> str:
    """Return what a Session document of InteractiveCommands has `sh -c` run on Linux. Raises DocumentError.

    Source: Systems Manager user guide, "Session document schema".
    """
    if content.get("schemaVersion") != "1.0" or content.get("sessionType") != "InteractiveCommands":
        raise DocumentError("the sandbox knows sessions of schema 1.0 and type InteractiveCommands only")
    values = _values(content.get("parameters") or {}, given)
    commands = str(((content.get("properties") or {}).get("linux") or {}).get("commands", ""))
    if not commands.strip():
        raise DocumentError("Commands cannot be empty for session type InteractiveCommands")
    return "\n".join(_lines(commands, values))


def _values(declared: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return each parameter's value as a list."""
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise DocumentError(f"these parameters are not the document's: {', '.join(unknown)}")
    found: dict[str, list[str]] = {}
    for name, about in declared.items():
        if name not in given and "default" not in about:
            raise DocumentError(f"parameter {name} is missing")
        value = given.get(name, about.get("default"))
        found[name] = [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
        _check(name, about, found[name])
    return found


def _check(name: str, about: Mapping[str, Any], value: Sequence[str]) -> None:
    if about["type"] == "String" and len(value) != 1:
        raise DocumentError(f"parameter {name} takes one value, not {len(value)}")
    for each in value:
        if (pattern := about.get("allowedPattern")) and not re.search(pattern, each):
            raise DocumentError(f"parameter {name} does not match its pattern {pattern}")
        if (allowed := about.get("allowedValues")) and each not in allowed:
            raise DocumentError(f"parameter {name} is none of {', '.join(map(str, allowed))}")
        if (most := about.get("maxChars")) is not None and len(each) > int(most):
            raise DocumentError(f"parameter {name} has more than {most} characters")


def _lines(text: Any, values: Mapping[str, Sequence[str]]) -> list[str]:  # noqa: ANN401 - as JSON has it
    """Return an input as lines, each `{{ name }}` replaced by that parameter's value; text alone may be a list."""
    lines: list[str] = []
    for line in text if isinstance(text, list) else [text]:  # pyright: ignore[reportUnknownVariableType]
        whole = _PLACE.fullmatch(str(line))  # pyright: ignore[reportUnknownArgumentType]
        if whole:
            lines += values.get(whole[1], [whole[0]])
        else:
            lines.append(_PLACE.sub(lambda found: "\n".join(values.get(found[1], [found[0]])), str(line)))  # pyright: ignore[reportUnknownArgumentType]
    return lines
