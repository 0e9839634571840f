"""The credentials of an instance: those that its metadata service hands out, and that the emulator knows it by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, kw_only=True)
class Keys:
    """As an AWS SDK takes them."""

    access: str
    secret: str
    token: str


@cache
def of_instance(instance: str) -> Keys:
    """Each instance has its own, by its id; ASIA is what AWS's keys of a role begin with."""
    digest = hashlib.sha256(instance.encode()).hexdigest()
    return Keys(access=f"ASIA{digest[:16].upper()}", secret=digest[16:56], token=digest)
