"""The isolated stack: its name, and its file, made from the stack's own. Pure.

The file is changed node by node, so that all else keeps its spelling (`1.10` stays text) and its encryption: the lines
by which the engine decrypts it (encryptionsalt, secretsprovider, encryptedkey) go along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import yaml

from release.errors import DrillError
from release.names import drill_stack

_SECURITY_GROUP = re.compile(r"sg-[0-9a-f]+:")
_BALANCER = ("domain", "hostedZone", "certificate", "failover", "http", "deletionProtection", "accessLogs")


@dataclass(frozen=True, kw_only=True)
class Isolated:
    """The stack that a drill brings up. `changed` says, for people, what is otherwise than in the stack's file."""

    name: str
    text: str
    changed: tuple[str, ...]
    secrets_provider: str
    """What `pulumi stack init` needs to be told; "" for a passphrase."""


def isolate(text: str, *, stack: str, project: str, bucket: str, follow: str) -> Isolated:
    """Return the isolated stack of a stack, by the text of its file. Raises DrillError if the file can't be changed."""
    root = _compose(text, stack)
    config = _at(root, "config")
    if not isinstance(config, yaml.MappingNode):
        raise DrillError(f"the stack file of {stack} has no `config`: there is nothing to bring up")
    provider = _scalar(_at(root, "secretsprovider"))
    if _is_encrypted(config) and not (provider or _scalar(_at(root, "encryptionsalt"))):
        raise DrillError(
            f"the stack file of {stack} has encrypted values, but neither encryptionsalt nor secretsprovider: only the "
            "service that encrypted them can read them; give the stack a secrets provider of its own region "
            "(`pulumi stack change-secrets-provider awskms://…`)"
        )
    edit = _Editor(config, project)
    changed = [*_balancer(edit), *_store(edit, bucket, follow), *_fleets(edit)]
    if edit.drop("notify"):
        changed.append("notify: nobody, so that nobody is told of a drill's deploys")
    edit.replace("recovery", {"posture": "active"})
    return Isolated(
        name=drill_stack(stack),
        text=yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=1000),
        changed=tuple(changed),
        secrets_provider=provider if provider not in ("", "passphrase") else "",
    )


def _balancer(edit: _Editor) -> Iterator[str]:
    before = edit.keys("loadBalancer")
    if before is None or {"domain", "certificate"} & before:
        yield "loadBalancer: plain HTTP, without domain and certificate, so that no client is led to it"
    if before is None or "accessLogs" not in before:
        yield "loadBalancer.accessLogs: none, because their bucket would stay"
    edit.merge("loadBalancer", {"http": True, "deletionProtection": False, "accessLogs": False}, _BALANCER)


def _store(edit: _Editor, bucket: str, follow: str) -> Iterator[str]:
    if edit.keys("release") is None or {"sha", "repository", "build"} & (edit.keys("release") or set()):
        yield "release: no sha and no repository, so that what was good last is brought up"
    directory = edit.scalar("release", "directory")
    edit.replace("artifacts", {"bucket": bucket})
    edit.replace("release", {"follow": follow, **({"directory": directory} if directory else {})})
    edit.remove("image", "copy")


def _fleets(edit: _Editor) -> Iterator[str]:
    for name, fleet in edit.below("fleets"):
        alarms = _at(fleet, "alarms")
        if isinstance(alarms, yaml.MappingNode) and _drop(alarms, "notify"):
            yield f"fleets.{name}.alarms.notify: nobody, so that a drill wakes nobody"
        egress = _at(fleet, "egress")
        if isinstance(egress, yaml.SequenceNode) and _without(egress, lambda item: bool(_SECURITY_GROUP.match(item))):
            yield f"fleets.{name}.egress: no security groups, because they are of another network"


class _Editor:
    """Changes the sections of a stack file's `config`."""

    def __init__(self, config: yaml.MappingNode, project: str) -> None:
        self._config, self._project = config, project

    def _section(self, name: str) -> yaml.Node | None:
        return _at(self._config, f"{self._project}:{name}")

    def keys(self, name: str) -> set[str] | None:
        """Return the keys of a section; None if they are encrypted, so that nobody knows."""
        node = self._section(name)
        if not isinstance(node, yaml.MappingNode):
            return set()
        keys = {_scalar(key) for key, _ in node.value}
        return None if keys == {"secure"} else keys

    def scalar(self, name: str, key: str) -> str:
        node = self._section(name)
        return _scalar(_at(node, key)) if isinstance(node, yaml.MappingNode) else ""

    def below(self, name: str) -> Iterator[tuple[str, yaml.MappingNode]]:
        node = self._section(name)
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(value, yaml.MappingNode):
                yield _scalar(key), value

    def replace(self, name: str, value: dict[str, Any]) -> None:
        _drop(self._config, f"{self._project}:{name}")
        self._config.value += _mapping({f"{self._project}:{name}": value}).value

    def merge(self, name: str, value: dict[str, Any], without: tuple[str, ...]) -> None:
        """Set keys of a section after removing others from it."""
        node = self._section(name)
        if not isinstance(node, yaml.MappingNode) or self.keys(name) is None:
            self.replace(name, value)
            return
        for key in without:
            _drop(node, key)
        node.value += _mapping(value).value

    def drop(self, name: str) -> bool:
        """Remove a section, and return whether it was there."""
        return _drop(self._config, f"{self._project}:{name}")

    def remove(self, name: str, key: str) -> None:
        node = self._section(name)
        if isinstance(node, yaml.MappingNode):
            _drop(node, key)


def _compose(text: str, stack: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise DrillError(f"the stack file of {stack} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(root, yaml.MappingNode):
        raise DrillError(f"the stack file of {stack} is empty")
    return root


def _mapping(value: dict[str, Any]) -> yaml.MappingNode:
    return cast("yaml.MappingNode", yaml.compose(yaml.safe_dump(value), yaml.SafeLoader))


def _at(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if _scalar(name) == key), None)


def _scalar(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _drop(node: yaml.MappingNode, key: str) -> bool:
    kept = [(name, value) for name, value in node.value if _scalar(name) != key]
    dropped = len(kept) < len(node.value)
    node.value = kept
    return dropped


def _without(node: yaml.SequenceNode, dropped: Callable[[str], bool]) -> bool:
    kept = [item for item in node.value if not dropped(_scalar(item))]
    found = len(kept) < len(node.value)
    node.value = kept
    return found


def _is_encrypted(node: yaml.Node) -> bool:
    if isinstance(node, yaml.MappingNode):
        return any(
            (_scalar(key) == "secure" and isinstance(value, yaml.ScalarNode)) or _is_encrypted(value)
            for key, value in node.value
        )
    return isinstance(node, yaml.SequenceNode) and any(_is_encrypted(item) for item in node.value)
