"""Which fleets a preview's steps touch, and how. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from release import names
from release.preview.steps import UNKNOWN, Step
from release.rollout.observed import Template

GROUP = "aws:autoscaling/group:Group"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"

_BECOMES = {"create": "created", "update": "replaced", "replace": "replaced", "delete": "deleted"}
_RELEASE = re.compile(r"Release ([0-9a-f]{40})")


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A fleet whose instances are replaced, made or removed, as far as the engine knows."""

    fleet: str
    group: str
    becomes: str
    """As in FleetFacts."""
    old: str | None = None
    new: str | None = None
    """The SHAs of the launch template before and after; None where the preview does not say."""
    template: Template | None = None
    """The version that the group gets, where it is known already."""
    least: int | None = None
    """The fewest instances that the group is to have."""


def touched(steps: Iterable[Step]) -> list[Touched]:
    """Return the fleets whose instances come, go or are replaced, by name.

    A group whose bounds alone change keeps its instances. One whose template stays gets another version of it where a
    deploy failed: the state has the template already.
    """
    found = list(steps)
    templates = {str({**step.old, **step.new}.get("name", "")): step for step in found if step.type == LAUNCH_TEMPLATE}
    groups = [
        step
        for step in found
        if step.type == GROUP and step.op in _BECOMES and _changes_instances(step) and not _is_job(step)
    ]
    return sorted((_fleet(step, templates) for step in groups), key=lambda fleet: fleet.fleet)


def _fleet(step: Step, templates: Mapping[str, Step]) -> Touched:
    inputs = step.new or step.old
    group = str(inputs.get("name", step.name))
    template = templates.get(group)
    least = step.new.get("minSize")
    return Touched(
        fleet=group_tags(inputs).get(names.FLEET_TAG) or step.name.removesuffix("-group"),
        group=group,
        becomes=_BECOMES[step.op],
        old=_release(template.old) if template else None,
        new=_release(template.new) if template else None,
        template=template_of(step.new),
        least=int(least) if isinstance(least, (int, float)) else None,
    )


def _is_job(step: Step) -> bool:
    """Return whether a group is one of scheduled work: no instance of it is replaced, and it is no fleet."""
    return names.JOB_TAG in group_tags(step.new or step.old)


def _changes_instances(step: Step) -> bool:
    return step.op != "update" or _specification(step.old) != _specification(step.new)


def _specification(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what names the launch template: of the group itself, or of its mixed instances policy."""
    mixed = _inner(_inner(inputs, "mixedInstancesPolicy"), "launchTemplate")
    found = _inner(mixed, "launchTemplateSpecification") or _inner(inputs, "launchTemplate")
    return {key: value for key, value in found.items() if not key.startswith("__")}  # pulumi-aws adds `__defaults`


def _inner(outer: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = outer.get(key)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def template_of(inputs: Mapping[str, Any]) -> Template | None:
    """Return the launch template version of a group's inputs, or None where it is not known."""
    shown = _specification(inputs)
    id_, version = str(shown.get("id") or shown.get("launchTemplateId") or ""), str(shown.get("version") or "")
    return Template(id=id_, version=version) if id_ and version.isdecimal() and UNKNOWN not in (id_, version) else None


def _release(inputs: Mapping[str, Any]) -> str | None:
    named = _RELEASE.fullmatch(str(inputs.get("description", "")))
    return named[1] if named else None


def group_tags(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a group's inputs, which are a list."""
    tags = cast("Sequence[Mapping[str, Any]]", inputs.get("tags") or ())
    return {str(tag.get("key")): str(tag.get("value")) for tag in tags}
