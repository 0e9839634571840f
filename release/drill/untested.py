"""What a drill does not show, said as plainly as what it does. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is known of the stack and of this drill, as far as it decides what was not tested."""

    domain: str | None
    posture: str
    checks: Collection[str]
    changed: Sequence[str]
    silent_alarms: Sequence[str]
    """Alarms that had no data throughout."""
    proxied: bool
    """Whether the proxy saw requests to AWS; else the endpoint is one host, which is not told by region."""


def items(subject: Subject) -> tuple[str, ...]:
    """Return what was not tested, a sentence each, most important first."""
    return tuple(
        line
        for line in (
            _data(subject.checks),
            _dns(subject.domain),
            _posture(subject.posture),
            "Capacity while others fail over too: quotas and instance types were free when this drill ran; in a "
            "regional outage many ask the second region at once.",
            "A real loss of the first region: it was cut off from this machine alone and served on. What the isolated "
            "stack's instances asked for themselves was not cut off; the checks have to show what they need.",
            "The stack's own state backend: the drill kept its state in a folder of this machine.",
            "The global control planes (IAM, Route 53 writes): the isolated stack was made with them working. What "
            "stands beforehand needs none of them; a cold stack does.",
            "Load: only the drill's own requests and checks reached the isolated stack.",
            *(f"The alarm {name}: it had no data." for name in subject.silent_alarms),
            *(f"As it is set for the stack itself: {line}" for line in subject.changed),
            ""
            if subject.proxied
            else "Hosts by region: requests went to one endpoint, so that the proxy saw none of them; what "
            "--contacted told stands in their place.",
            "People: who decides to fail over, and how long that takes.",
        )
        if line
    )


def _data(checks: Collection[str]) -> str:
    if checks:
        return (
            "The users' data beyond what the checks say: Slipway replicates releases and the ledger, no database, "
            "queue or upload."
        )
    return (
        "The users' data: Slipway replicates releases and the ledger, no database, queue or upload, and "
        "recovery.checks names no check of them."
    )


def _dns(domain: str | None) -> str:
    if not domain:
        return "Names: the stack has no domain, so nothing leads clients to the second region."
    return (
        f"How clients of {domain} get here: the isolated stack has no record and no certificate of it, and how long "
        "resolvers keep an old answer was not measured."
    )


def _posture(posture: str) -> str:
    if posture in ("pilot-light", "warm"):
        return (
            f"The way from {posture} to active: this drill brought up everything from nothing, which takes longer. "
            "What stands was left alone."
        )
    if posture == "cold":
        return ""
    return "The standing stack itself, which is active and was left alone: this drill brought up another from nothing."
