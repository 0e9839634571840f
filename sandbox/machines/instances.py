"""Read the list of instances, and decide what to do for each. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance of `GET /_sandbox/instances`; `user_data` is decoded."""

    id: str
    region: str
    state: str
    zone: str
    private_ip: str
    image_id: str
    instance_type: str
    user_data: bytes
    role: str | None
    metadata_options: Mapping[str, Any]
    tags: Mapping[str, str]
    port: int | None
    boots: int
    """How often it should have booted so far."""
    life_cycle: str = "on-demand"
    """`spot` or `on-demand`."""
    target_lifecycle_state: str | None = None
    """Where its group takes it; None without a group."""


def parse(document: Mapping[str, Any]) -> dict[str, Instance]:
    """Return the instances of a snapshot, by id."""
    return {entry["id"]: _instance(entry) for entry in document["instances"]}


def _instance(entry: Mapping[str, Any]) -> Instance:
    return Instance(
        id=entry["id"],
        region=entry["region"],
        state=entry["state"],
        zone=entry.get("zone") or "",
        private_ip=entry.get("private_ip") or "",
        image_id=entry.get("image_id") or "",
        instance_type=entry.get("instance_type") or "",
        user_data=_decoded(entry.get("user_data") or ""),
        role=entry.get("role"),
        metadata_options=entry.get("metadata_options") or {},
        tags=entry.get("tags") or {},
        port=entry.get("port"),
        boots=entry.get("boots") or 1,
        life_cycle=entry.get("life_cycle") or "on-demand",
        target_lifecycle_state=entry.get("target_lifecycle_state"),
    )


def _decoded(text: str) -> bytes:
    """Return the decoded bytes. EC2 refuses user data that is not base64; if some gets here, it counts as none."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


Verb = Literal["start", "reboot", "stop", "end", "announce", "bury", "fail"]


@dataclass(frozen=True)
class Action:
    """What to do for one instance: start, reboot, stop or end its machine; report its port ("announce") again, or that
    it is gone ("bury") or has failed ("fail")."""

    verb: Verb
    id: str


@dataclass(frozen=True)
class Live:
    """An existing machine: its port, and how often it has booted."""

    port: int
    boots: int = 1


def actions(
    instances: Mapping[str, Instance], *, live: Mapping[str, Live], busy: Collection[str], gone: Collection[str]
) -> list[Action]:
    """Return the actions that bring the machines in line with the instances.

    `live` are the existing machines. No action is returned for the ids in `busy`, whose machines are being started or
    ended. The machines of those in `gone` were ended and do not come back, whatever an older snapshot says. The machine
    of an instance that is no longer listed is ended.
    """
    due: list[Action] = []
    for id_ in [*instances, *(id_ for id_ in live if id_ not in instances)]:
        verb = None if id_ in busy else _verb(instances.get(id_), live.get(id_), id_ in gone)
        if verb is not None:
            due.append(Action(verb, id_))
    return due


def _verb(instance: Instance | None, live: Live | None, gone: bool) -> Verb | None:
    if instance is None or instance.state in ("shutting-down", "terminated"):
        if live is not None:
            return "end"
        return "bury" if instance is not None and instance.state == "shutting-down" else None
    if instance.state in ("stopping", "stopped"):
        return "stop" if instance.state == "stopping" and live is not None else None
    if live is None:
        return "fail" if gone else "start"
    if instance.boots > live.boots:
        return "reboot"
    return "announce" if instance.port != live.port or instance.state == "pending" else None
