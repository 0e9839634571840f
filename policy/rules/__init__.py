"""The rules by area. Pure."""

from __future__ import annotations

from policy.rule import Rule
from policy.rules import balancer, encryption, fleet, identity, instances, logs, network, store

ALL: tuple[Rule, ...] = tuple(
    rule for area in (fleet, instances, store, network, balancer, identity, encryption, logs) for rule in area.rules.all
)
"""Every rule: first what a rollout relies on."""
