"""Previews to test with: steps and fleets of which only what matters is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from release.preview.document import Preview
from release.preview.events import Previewed
from release.preview.facts import Facts, FleetFacts
from release.preview.steps import Change, Step
from release.preview.touched import GROUP
from release.rollout.estimate import Took

POLICY = "aws:iam/rolePolicy:RolePolicy"
OLD, NEW = "a" * 40, "b" * 40


def step(
    *changes: Change,
    op: str = "update",
    kind: str = POLICY,
    name: str = "x",
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    kept: bool = False,
) -> Step:
    """A step of the stack s."""
    urn = f"urn:pulumi:s::slipway::{kind}::{name}"
    return Step(op=op, urn=urn, type=kind, name=name, changes=changes, old=old or {}, new=new or {}, kept=kept)


def rolled(fleet: str) -> Step:
    """The step of a group whose instances get another version of the template."""
    change = Change(path="launchTemplate.version", before="1", after="2")
    return step(change, kind=GROUP, name=f"{fleet}-group", new={"name": f"slipway-s-{fleet}"})


def facts(fleet: str, becomes: str = "replaced", **more: Any) -> FleetFacts:
    """A fleet of three instances that go from OLD to NEW, unless `more` says otherwise."""
    known: dict[str, Any] = {
        "old": OLD,
        "new": NEW,
        "instances": 3,
        "steps": 3,
        "took": Took(seconds=840, rollouts=5),
    }
    return FleetFacts(fleet=fleet, group=f"slipway-s-{fleet}", becomes=becomes, **{**known, **more})


def preview(
    *steps: Step, fleets: tuple[FleetFacts, ...] = (), total: int = 3, said: Any = None, **more: Any
) -> Preview:
    """A preview that came to its end, of a stack with three fleets."""
    names = tuple(f"fleet{number}" for number in range(total))
    whole: dict[str, Any] = {
        "stack": "s",
        "steps": steps,
        "same": 90,
        "complete": True,
        "fleets": names,
        **(said or {}),
    }
    given: dict[str, Any] = {"facts": Facts(fleets=fleets), **more}
    return Preview(stack="s", previewed=Previewed(**whole), **given)
