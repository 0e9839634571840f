"""The configuration of the CloudWatch agent, as far as the sandbox's agent acts on it. Pure.

Source: Amazon CloudWatch user guide, "Manually create or edit the CloudWatch agent configuration file".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

FLUSH = 5.0
"""Seconds; the default of force_flush_interval."""
_KNOWN: Mapping[tuple[str, ...], frozenset[str]] = {
    (): frozenset({"agent", "logs"}),
    ("agent",): frozenset({"region"}),
    ("logs",): frozenset({"logs_collected", "force_flush_interval"}),
    ("logs", "logs_collected"): frozenset({"files"}),
    ("logs", "logs_collected", "files"): frozenset({"collect_list"}),
}
_EACH = frozenset({"file_path", "log_group_name", "log_stream_name"})


class AgentConfigError(ValueError):
    """A configuration that the agent does not take, or that the sandbox's agent does not act on."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A file, and the log stream that its lines are sent to."""

    path: str
    group: str
    stream: str


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """What the agent does. `flush` is in seconds; without `region`, it is that of the instance."""

    region: str | None
    flush: float
    files: Sequence[Followed]


def read(text: str) -> AgentConfig:
    """Return what the JSON says. Raises AgentConfigError."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise AgentConfigError(f"the configuration is not JSON: {error}") from None
    for path, known in _KNOWN.items():
        _check(_at(document, path), known, path)
    files = _at(document, ("logs", "logs_collected", "files")).get("collect_list", [])
    if not isinstance(files, list) or not files:
        raise AgentConfigError("logs.logs_collected.files.collect_list: must list at least one file")
    flush = _at(document, ("logs",)).get("force_flush_interval", FLUSH)
    if isinstance(flush, bool) or not isinstance(flush, (int, float)) or flush <= 0:
        raise AgentConfigError("logs.force_flush_interval: must be a number of seconds above 0")
    region = _at(document, ("agent",)).get("region")
    return AgentConfig(region=region, flush=float(flush), files=[_followed(each) for each in cast("list[Any]", files)])


def _at(document: object, path: Sequence[str]) -> dict[str, Any]:
    for name in path:
        document = cast("dict[str, Any]", document).get(name, {}) if isinstance(document, dict) else {}
    if not isinstance(document, dict):
        raise AgentConfigError(f"{'.'.join(path) or 'the configuration'}: must be an object")
    return cast("dict[str, Any]", document)


def _check(given: Mapping[str, Any], known: frozenset[str], path: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            where = ".".join((*path, name))
            raise AgentConfigError(f"{where}: the sandbox's CloudWatch agent knows {', '.join(sorted(known))} here")


def _followed(given: object) -> Followed:
    where = "logs.logs_collected.files.collect_list"
    if not isinstance(given, dict):
        raise AgentConfigError(f"{where}: must hold objects")
    said = cast("dict[str, Any]", given)
    _check(said, _EACH, [where])
    for name in sorted(_EACH):
        if not isinstance(said.get(name), str) or not said[name]:
            raise AgentConfigError(f"{where}.{name}: must be a text")
    path = str(said["file_path"])
    if not path.startswith("/") or "*" in path:
        raise AgentConfigError(f"{where}.file_path: the sandbox's CloudWatch agent takes an absolute path without *")
    return Followed(path=path, group=str(said["log_group_name"]), stream=str(said["log_stream_name"]))
