"""Reads the architecture off an instance type's name."""

from __future__ import annotations

import re

TYPE = (
    r"([a-z]+(?:-[0-9]+tb)?)[0-9]+([a-z-]*[a-z0-9]*)"
    r"\.(?:nano|micro|small|medium|large|[0-9]*xlarge|metal(?:-[0-9]+xl)?)"
)
"""Family, generation, attributes and size."""
_ARM_FAMILIES = ("a",)


def architecture(instance_type: str) -> str | None:
    """Return `arm64` or `x86_64`, or None where the name is not that of an instance type.

    A `g` after the generation is Graviton (t4g, c7gn, x2gd); one before it is a graphics family (g5).
    """
    match = re.fullmatch(TYPE, instance_type)
    if match is None:
        return None
    family, attributes = match.groups()
    return "arm64" if "g" in attributes or family in _ARM_FAMILIES else "x86_64"
