"""The rules by area. Pure."""

from __future__ import annotations

from policy.rule import Rule
from policy.rules import network

ALL: tuple[Rule, ...] = (*network.rules.all,)
"""Every rule."""
