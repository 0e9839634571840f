"""What a look at AWS found that concerns a deploy. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Found:
    """What speaks against a deploy, and what is only to be known."""

    problems: Sequence[str] = ()
    warnings: Sequence[str] = ()
