"""What the engine prints of a preview with PULUMI_ENABLE_STREAMING_JSON_PREVIEW: an event a line. Pure.

Its `--json` without that has neither the violations of policies nor what was printed before a failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from release.preview.steps import Step, parse, stack_of, type_of
from release.text import clean


@dataclass(frozen=True, kw_only=True)
class Message:
    """What the program or the engine said."""

    severity: str
    """`info`, `warning` or `error`."""
    text: str
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule of a policy pack that a resource breaks."""

    pack: str
    rule: str
    level: str
    """`advisory`, `mandatory`, `remediate` or `disabled`."""
    message: str
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class Previewed:
    """All that the engine said of a preview or a refresh."""

    stack: str
    project: str = ""
    steps: tuple[Step, ...]
    same: int = 0
    """Resources that stay as they are."""
    messages: tuple[Message, ...] = ()
    violations: tuple[Violation, ...] = ()
    fleets: tuple[str, ...] = ()
    """The names of the stack's fleets, with those that are deleted."""
    packs: tuple[str, ...] = ()
    """The policy packs that were run, without where they lie."""
    complete: bool = False
    """Whether it came to its end: a failure leaves steps out."""

    @property
    def warnings(self) -> tuple[Message, ...]:
        """Return what was warned of."""
        return tuple(message for message in self.messages if message.severity == "warning")

    @property
    def errors(self) -> tuple[Message, ...]:
        """Return what is wrong, of which each is one that `up` would refuse as well."""
        return tuple(message for message in self.messages if message.severity == "error")


def read(said: str) -> Previewed:
    """Return what a preview said; lines that are no events are left out."""
    events = list(_events(said))
    metadata = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
    ended: Mapping[str, Any] = next((event["summaryEvent"] for event in events if "summaryEvent" in event), {})
    first = str(metadata[0]["urn"]) if metadata else ""
    violations = [event["policyEvent"] for event in events if "policyEvent" in event]
    return Previewed(
        stack=stack_of(first),
        project=first.split("::")[1] if "::" in first else "",
        steps=parse({"steps": [_as_printed(each) for each in metadata]}),
        same=int((ended.get("resourceChanges") or {}).get("same", 0)),
        messages=tuple(_messages(events)),
        violations=tuple(dict.fromkeys(_violation(each) for each in violations)),
        fleets=tuple(sorted(_named(metadata, "slipway:fleet:Fleet"))),
        packs=tuple(sorted(str(pack).partition("|")[0] for pack in ended.get("PolicyPacks") or ())),
        complete=ended.get("result", "") == "succeeded",
    )


def _named(metadata: list[Mapping[str, Any]], kind: str) -> set[str]:
    return {str(each["urn"]).rpartition("::")[2] for each in metadata if type_of(str(each["urn"])) == kind}


def _events(said: str) -> Iterator[Mapping[str, Any]]:
    for line in said.splitlines():
        if line.startswith("{"):
            try:
                event = json.loads(line)
            except ValueError:  # the engine was ended in the middle of it
                continue
            if (event.get("diagnosticEvent") or {}).get("severity") != "debug":
                yield event


def _as_printed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step as `pulumi preview --json` has it: the same, under other names."""
    detailed: Mapping[str, Any] = metadata.get("detailedDiff") or {}
    return {
        "op": metadata["op"],
        "urn": metadata["urn"],
        "oldState": metadata.get("old"),
        "newState": metadata.get("new"),
        "diffReasons": metadata.get("diffs"),
        "replaceReasons": metadata.get("keys"),
        "detailedDiff": {
            path: {"kind": how.get("diffKind", ""), "inputDiff": how.get("inputDiff", False)}
            for path, how in detailed.items()
        },
    }


def _messages(events: list[Mapping[str, Any]]) -> Iterator[Message]:
    for event in events:
        said = event.get("diagnosticEvent")
        if said and not said.get("ephemeral"):
            severity = str(said.get("severity", "info"))
            text = clean(said.get("message", "")).strip()
            if text:
                yield Message(
                    severity="info" if severity.startswith("info") else severity, text=text, urn=said.get("urn") or ""
                )


def _violation(said: Mapping[str, Any]) -> Violation:
    return Violation(
        pack=str(said.get("policyPackName", "")).partition("|")[0],
        rule=str(said.get("policyName", "")),
        level=str(said.get("enforcementLevel", "")),
        # What holds, in a line of its own, and then what is wrong.
        message=": ".join(clean(said.get("message", "")).strip().split("\n")),
        urn=str(said.get("resourceUrn") or ""),
    )
