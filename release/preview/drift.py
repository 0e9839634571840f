"""What somebody changed in AWS by hand, told apart from what AWS and Slipway change themselves. Pure.

A refresh compares AWS with what the state of the last `up` says. What only AWS decides is no part of that: a group's
desired capacity, for one, is never declared. What a rollout, a rollback or an activation did beside an `up` is in the
ledger or in the group's tags, what a scheduled size did in the schedule, and is said as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release import names, postures
from release.preview.scheduled import BOUNDS, Sizes, sizes
from release.preview.steps import Change, Step
from release.preview.touched import GROUP, LAUNCH_TEMPLATE, group_tags, template_of
from release.store.event import Event

REFRESHED = "refresh"
"""What a refresh calls a resource that is as it was."""
_TEMPLATE = ("launchTemplate", "mixedInstancesPolicy")
_OTHERWISE = ("mixedInstancesPolicy.instancesDistribution", "mixedInstancesPolicy.launchTemplate.overrides")
"""What of a mixed instances policy no rollout changes by itself: how instances are bought, and of which types."""
_BUCKET = "aws:s3/bucket:Bucket"
SETS_BACK = "`pulumi up --refresh` sets it back"


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """A resource that is no longer as the last `up` left it. `before` is what the state has, `after` what AWS has."""

    urn: str
    type: str
    name: str
    id: str = ""
    """AWS's name of it."""
    gone: bool = False
    """Whether it is not there any more."""
    changes: tuple[Change, ...] = ()
    undo: str = ""
    """What `pulumi up --refresh` does about it, in one line; `up` alone does not look. Or the command that does."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What is different in AWS."""

    drifted: tuple[Drifted, ...] = ()
    by_slipway: tuple[str, ...] = ()
    """What rollouts, rollbacks and activations by hand changed, and scheduled sizes, a line each: that is no drift."""
    unknown: tuple[str, ...] = ()
    """What could not be compared, and why."""

    @property
    def found(self) -> bool:
        """Return whether there is drift."""
        return bool(self.drifted)

    @property
    def resources(self) -> int:
        """Return how many resources it is about: one may have changed, and have something added to it."""
        return len({each.urn for each in self.drifted})


def asks(steps: Iterable[Step]) -> list[Step]:
    """Return the groups whose launch template is another one than the state says: only the ledger can tell why."""
    return [step for step in _different(steps) if step.type == GROUP and any(map(_is_template, step.changes))]


def drift(steps: Sequence[Step], events: Mapping[str, Sequence[Event]]) -> Drift:
    """Return what a refresh's steps say. `events` are the ledger's by the groups' URNs, newest first."""
    drifted: list[Drifted] = []
    scheduled = sizes(steps)
    by_slipway: list[str] = []
    woken = any(_is_woken(step) for step in steps)
    for step in _different(steps):
        if woken and (work := _begins(step)):
            by_slipway.append(work)
            continue
        explained, left = _explained(step, events.get(step.urn, ()), scheduled.get(str(step.old.get("name")), Sizes()))
        by_slipway += explained
        if left or step.op == "delete":
            drifted.append(_drifted(step, left))
    return Drift(drifted=tuple(drifted), by_slipway=tuple(by_slipway))


def _different(steps: Iterable[Step]) -> list[Step]:
    return [step for step in steps if step.op != REFRESHED]


def _drifted(step: Step, changes: Sequence[Change]) -> Drifted:
    gone = step.op == "delete"
    return Drifted(
        urn=step.urn,
        type=step.type,
        name=step.name,
        id=step.id,
        gone=gone,
        changes=() if gone else tuple(changes),
        undo=_undone(step, changes),
    )


def _undone(step: Step, changes: Sequence[Change]) -> str:
    if step.op == "delete":
        return f"`pulumi up --refresh` makes it again{', empty' if step.type == _BUCKET else ''}"
    if step.type == GROUP and any(map(_is_template, changes)):
        return "`pulumi up` is refused; after a `pulumi refresh`, `SLIPWAY_SUPERSEDE=1 pulumi up` rolls the fleet out"
    if any(names.STACK_TAG in change.path and change.after is None for change in changes):
        return f"put the tag back first: without {names.STACK_TAG} `pulumi up` may take this for somebody else's"
    if step.type == LAUNCH_TEMPLATE:
        return "`pulumi up --refresh` makes a version of it that is as declared, and rolls it out"
    if any(change.replaces for change in changes):
        return "`pulumi up --refresh` replaces it"
    return SETS_BACK


def _explained(step: Step, events: Sequence[Event], scheduled: Sizes) -> tuple[list[str], list[Change]]:
    """Return what of a group's changes Slipway itself made, in words, and the changes that are left."""
    if step.type != GROUP or not step.new:
        return [], list(step.changes)
    fleet = group_tags(step.new).get(names.FLEET_TAG) or step.name
    left, said = list(step.changes), list[str]()
    if rolled := _rolled(fleet, step, events):
        said.append(rolled)
        left = [change for change in left if not _is_template(change)]
    if activated := _activated(fleet, step, scheduled):
        said.append(activated)
        left = [change for change in left if change.path not in BOUNDS]
        left = [change for change in left if not _is_posture(change, step)]
    said += [scheduled.told(fleet, change) for change in left if scheduled.explains(change)]
    return said, [change for change in left if not scheduled.explains(change)]


def _rolled(fleet: str, step: Step, events: Sequence[Event]) -> str:
    """Return who took the group to its launch template version, if the ledger knows, or ""."""
    template = template_of(step.new)
    newest = next((event for event in events if not event.is_aside), None)
    if template is None or newest is None or newest.template_version != template.version or newest.outcome == "failed":
        return ""
    what = "rolled back" if newest.action == "rollback" else "rolled out"
    return (
        f"fleet {fleet} has {newest.sha} (launch template version {template.version}): it was {what} by {newest.by} at "
        f"{newest.when:%Y-%m-%d %H:%M} UTC, as the ledger has it"
    )


def _activated(fleet: str, step: Step, scheduled: Sizes) -> str:
    """Return that `release activate` changed the group's bounds, if its tags say so, or ""."""
    before, after = group_tags(step.old), group_tags(step.new)
    old, new = before.get(names.POSTURE_TAG, ""), after.get(names.POSTURE_TAG, "")
    stands = postures.size_in(after.get(names.SIZE_TAG, ""))
    if old == new or new not in postures.POSTURES or stands is None:
        return ""
    has = tuple(int(step.new.get(key) or 0) for key in BOUNDS)
    active = zip(BOUNDS, has, (stands.min, stands.max), strict=True)
    if new == postures.ACTIVE and any(now != given and not scheduled.sets(key, now) for key, now, given in active):
        return ""
    return f"fleet {fleet} was activated: {old or 'active'} → {new}, now {has[0]} to {has[1]} instances"


def _is_woken(step: Step) -> bool:
    """Return whether it is a group of a fleet that stood by at the last `up`, and is active."""
    if step.type != GROUP:
        return False
    before, after = (group_tags(inputs).get(names.POSTURE_TAG, "") for inputs in (step.old, step.new))
    return before in postures.POSTURES and before != after == postures.ACTIVE


def _begins(step: Step) -> str:
    """Return that `release activate` let scheduled work begin, if no more of its group has changed than that, or ""."""
    work = group_tags(step.new).get(names.JOB_TAG) if step.type == GROUP else None
    only = all(change.path.startswith("suspendedProcesses") for change in step.changes)
    resumed = step.old.get("suspendedProcesses") and not step.new.get("suspendedProcesses")
    return f"scheduled work {work} begins since the stack was activated" if work and only and resumed else ""


def _is_template(change: Change) -> bool:
    return change.path.startswith(_TEMPLATE) and not change.path.startswith(_OTHERWISE)


def _is_posture(change: Change, step: Step) -> bool:
    """Return whether a change of the tags is only that of the posture: the path names the tag by its place, or not."""
    before, after = (dict(group_tags(inputs)) for inputs in (step.old, step.new))
    for tags in (before, after):
        tags.pop(names.POSTURE_TAG, None)
    return change.path.startswith("tags") and before == after


def to_json(stack: str, found: Drift) -> dict[str, Any]:
    """Return the document that `drift --json` prints."""
    return {
        "schema": 1,
        "stack": stack,
        "found": found.found,
        "drift": [
            {
                "urn": each.urn,
                "type": each.type,
                "name": each.name,
                "id": each.id,
                "gone": each.gone,
                "changes": [{"path": c.path, "before": c.before, "after": c.after} for c in each.changes],
                "undo": each.undo,
            }
            for each in found.drifted
        ],
        "by_slipway": list(found.by_slipway),
        "unknown": list(found.unknown),
    }
