"""A whole preview: what the engine said, and what is known beside it. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from release.names import FORESEEN
from release.preview import fingerprint, lines
from release.preview.cost import Cost
from release.preview.drift import Drift
from release.preview.events import Previewed, Violation
from release.preview.facts import Facts
from release.preview.fingerprint import Fingerprint
from release.preview.refusals import Refusals
from release.preview.steps import Step
from release.preview.touched import GROUP, LAUNCH_TEMPLATE

SCHEMA = 1
MANDATORY = "mandatory"
_OPS = ("replace", "delete", "update", "create")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """All that a reviewer is shown. What is None was not looked at, or could not be, which `unknown` says."""

    stack: str
    previewed: Previewed
    facts: Facts = field(default_factory=Facts)
    drift: Drift | None = None
    cost: Cost | None = None
    refusals: Refusals = field(default_factory=Refusals)
    fingerprint: Fingerprint | None = None
    unknown: tuple[str, ...] = ()
    """What could not be found out, and why, a line each."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps of what there is in AWS: components, providers and the stack itself are only Pulumi's.

        What is lost comes first, and then by name: the engine's own order differs from run to run.
        """
        return tuple(sorted(filter(is_real, self.previewed.steps), key=_in_order))

    def of(self, op: str) -> tuple[Step, ...]:
        """Return the steps of one kind: `create`, `update`, `replace` or `delete`."""
        return tuple(step for step in self.steps if step.op == op)

    @property
    def others(self) -> tuple[Step, ...]:
        """Return what happens, without groups and launch templates that only name another release."""
        return tuple(step for step in self.steps if not (step.op == "update" and _is_rollout(step)))

    @property
    def mandatory(self) -> tuple[Violation, ...]:
        """Return the violations that stop an `up`."""
        return tuple(each for each in self.previewed.violations if each.level == MANDATORY)

    @property
    def refused(self) -> tuple[str, ...]:
        """Return what `up` refuses for certain, the program's own errors first."""
        return tuple(dict.fromkeys((*self.errors, *self.refusals.certain)))

    @property
    def errors(self) -> tuple[str, ...]:
        """Return what the program and the engine call wrong, as they say it."""
        return tuple(message.text for message in self.previewed.errors)

    @property
    def failed(self) -> bool:
        """Return whether there is nothing that could be applied."""
        return not self.previewed.complete or bool(self.mandatory)


def _in_order(step: Step) -> tuple[int, str, str]:
    return (_OPS.index(step.op) if step.op in _OPS else len(_OPS)), step.name, step.urn


def is_real(step: Step) -> bool:
    """Return whether a step is about something outside of Pulumi."""
    return step.type.partition(":")[0] not in ("slipway", "pulumi")


def _is_rollout(step: Step) -> bool:
    return step.type in (LAUNCH_TEMPLATE, GROUP) and all(line.release for line in lines.of(step))


def to_json(preview: Preview, sentence: str) -> dict[str, Any]:
    """Return the document that `--json` prints."""
    return {
        "schema": SCHEMA,
        "stack": preview.stack,
        "sentence": sentence,
        "complete": preview.previewed.complete,
        "steps": list(map(_step, preview.steps)),
        "same": preview.previewed.same,
        "fleets": [asdict(fleet) for fleet in preview.facts.fleets],
        "releases": [asdict(each) for each in preview.facts.releases],
        "commits": [asdict(each) for each in preview.facts.between],
        "rollback": preview.facts.rollback,
        "together": _together(preview.facts),
        "drift": preview.drift and asdict(preview.drift),
        "cost": preview.cost and {"dollars": preview.cost.dollars, **asdict(preview.cost)},
        "policies": {
            "packs": list(preview.previewed.packs),
            "violations": [asdict(each) for each in preview.previewed.violations],
        },
        "refused": list(preview.refused),
        "warnings": list(warnings(preview)),
        "fingerprint": preview.fingerprint and json.loads(fingerprint.to_json(preview.fingerprint)),
        "unknown": [*preview.facts.unknown, *preview.unknown],
    }


def _together(facts: Facts) -> dict[str, Any]:
    return {
        "instances": facts.instances,
        "steps": facts.steps,
        "seconds": facts.seconds,
        "unmeasured": facts.unmeasured,
    }


def _step(step: Step) -> dict[str, Any]:
    changes = [asdict(line) for line in lines.of(step)]
    return {"op": step.op, "urn": step.urn, "type": step.type, "name": step.name, "changes": changes}


def warnings(preview: Preview) -> tuple[str, ...]:
    """Return what may go wrong; what the program foresees that `up` refuses is told as that."""
    told = [message.text for message in preview.previewed.warnings if not message.text.startswith(FORESEEN)]
    return tuple(dict.fromkeys((*told, *preview.refusals.warned)))
