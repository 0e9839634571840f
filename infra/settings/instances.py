"""Instance types: their syntax, and the architecture that must be the image's."""

from __future__ import annotations

import re

from infra.settings.section import Section

_TYPE = re.compile(
    r"(?P<family>[a-z]+(-[0-9]+tb)?)(?P<generation>[0-9]+)(?P<attributes>[a-z-]*[a-z0-9]*)"
    r"\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)"
)
_ARM_FAMILIES = ("a",)


def architecture(instance_type: str) -> str | None:
    """`arm64` or `x86_64` by the type's name, None where it is no instance type.

    A `g` after the generation is Graviton (t4g, c7gn, x2gd); one before it is a graphics family (g5).
    """
    match = _TYPE.fullmatch(instance_type)
    if match is None:
        return None
    graviton = "g" in match["attributes"] or match["family"] in _ARM_FAMILIES
    return "arm64" if graviton else "x86_64"


def check_instance_types(section: Section, types: tuple[str, ...], image: str) -> None:
    """Reports types that are none, are of two architectures, or are not of the image's."""
    if not types and section.sound("instanceTypes"):
        section.problem("instanceTypes", "must not be empty; remove it for the default, t3.small")
    found = {name: architecture(name) for name in types}
    expected = "arm64" if "arm64" in image else "x86_64" if "x86_64" in image else None
    for name, runs in found.items():
        if runs is None:
            section.problem("instanceTypes", f"must be instance types such as t3.small, has {name!r}")
        elif expected is not None and runs != expected:
            section.problem(
                "instanceTypes",
                f"must be {expected} as image.name is, has {name} ({runs}); change one of them",
            )
    if expected is None and len({runs for runs in found.values() if runs}) > 1:
        section.problem("instanceTypes", f"must all be of one architecture, are {', '.join(types)}")
