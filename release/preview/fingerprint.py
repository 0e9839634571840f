"""What was reviewed, to be compared with what is about to be applied: the steps of a preview without the release. Pure.

Pulumi's own update plans name the commit, which a squash merge changes, so that they hold only within one run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from release.errors import PreviewError
from release.preview import comparable
from release.preview.steps import Change, Step
from release.text import one_line

SCHEMA = 1
_SHOWN = 80
_NOTHING = frozenset({"read", "refresh", "same"})
"""Steps that change nothing in AWS."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Changed(_Strict):
    """A property that changes, as JSON values; None where there is none."""

    path: str
    before: Any
    after: Any

    @property
    def key(self) -> str:
        """The change as text that two of them can be compared by: 1, 1.0 and True are not the same."""
        return json.dumps([self.path, self.before, self.after], sort_keys=True)

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            return f"{self.path}: " + (f"{_value(self.before)} goes" if self.after is None else _value(self.after))
        return f"{self.path}: {_value(self.before)} -> {_value(self.after)}"


class Did(_Strict):
    """A step, as it is compared."""

    op: str
    urn: str
    type: str
    changes: tuple[Changed, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.op} {self.type} {self.urn.rpartition('::')[2]}"


class Fingerprint(_Strict):
    """The steps of a stack's preview in a fixed order."""

    stack: str
    steps: tuple[Did, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of stack and steps: what a person says to accept exactly these."""
        content = json.dumps(
            {"stack": self.stack, "steps": [_plain(step) for step in self.steps]}, sort_keys=True, separators=(",", ":")
        )
        return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A step that nobody reviewed, or that is not as it was reviewed."""

    step: str
    """Such as `update aws:autoscaling/group:Group web-group`."""
    why: str

    def __str__(self) -> str:
        return f"{self.step}: {self.why}"


def of(stack: str, steps: Iterable[Step]) -> Fingerprint:
    """Return the fingerprint of a preview's steps. A step that only brings a release is not in it."""
    done = (_did(step) for step in steps if step.op not in _NOTHING)
    kept = (did for did in done if did.changes or did.op != "update")
    return Fingerprint(stack=stack, steps=tuple(sorted(kept, key=lambda did: did.urn)))


def _did(step: Step) -> Did:
    return Did(op=step.op, urn=step.urn, type=step.type, changes=tuple(map(_changed, comparable.changes(step))))


def _changed(change: Change) -> Changed:
    return Changed(path=change.path, before=change.before, after=change.after)


def check(reviewed: Sequence[Fingerprint], now: Fingerprint) -> tuple[Difference, ...]:
    """Return what is to be applied now and was not reviewed; several pull requests may have been merged since.

    What was reviewed and is gone is no difference: somebody applied it. Raises PreviewError for another stack's.
    """
    other = next((each.stack for each in reviewed if each.stack != now.stack), None)
    if other is not None:
        raise PreviewError(f"what was reviewed is of stack {other}, and this is stack {now.stack}")
    return tuple(found for step in now.steps if (found := _difference(_of(reviewed, step.urn), step)))


def _of(reviewed: Sequence[Fingerprint], urn: str) -> list[Did]:
    return [step for fingerprint in reviewed for step in fingerprint.steps if step.urn == urn]


def _difference(reviewed: list[Did], step: Did) -> Difference | None:
    same = [each for each in reviewed if each.op == step.op]
    if not same:
        why = f"reviewed was {reviewed[0].op}" if reviewed else "nobody reviewed it"
        return Difference(step=step.name, why=f"{why}{_listed(step.changes)}")
    if step.op == "create":  # what is made has to be made exactly as it was reviewed
        keys = {change.key for change in step.changes}
        if any({change.key for change in each.changes} == keys for each in same):
            return None
        new = _not_in(step.changes, same) or _not_in(same[0].changes, [step])
        return Difference(step=step.name, why=f"is not as reviewed{_listed(new)}")
    new = _not_in(step.changes, same)
    return Difference(step=step.name, why=f"is more than was reviewed{_listed(new)}") if new else None


def _not_in(changes: Iterable[Changed], reviewed: Iterable[Did]) -> tuple[Changed, ...]:
    known = {change.key for each in reviewed for change in each.changes}
    return tuple(change for change in changes if change.key not in known)


def _listed(changes: Sequence[Changed]) -> str:
    more = f" and {len(changes) - 5} more" if len(changes) > 5 else ""
    return f" ({'; '.join(map(str, changes[:5]))}{more})" if changes else ""


def _value(value: Any) -> str:  # noqa: ANN401 - JSON
    return one_line(json.dumps(value, ensure_ascii=False), _SHOWN)


def to_json(fingerprint: Fingerprint) -> str:
    """Return the document that is kept between review and deploy."""
    steps = [_plain(step) for step in fingerprint.steps]
    document = {"schema": SCHEMA, "stack": fingerprint.stack, "digest": fingerprint.digest, "steps": steps}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Fingerprint:
    """Return what such a document says. Raises PreviewError if it is none, or was changed."""
    try:
        document: Any = json.loads(text)
        schema, digest = document["schema"], document["digest"]
        if schema != SCHEMA:
            raise PreviewError(f"what was reviewed has schema {one_line(schema, 20)}, and this version reads {SCHEMA}")
        given = {"stack": document["stack"], "steps": document["steps"]}
        found = Fingerprint.model_validate_json(json.dumps(given))
    except (ValueError, KeyError, TypeError, ValidationError):
        raise PreviewError(
            "what was reviewed is no fingerprint, as `python -m release preview --fingerprint FILE` writes one"
        ) from None
    if digest != found.digest:
        raise PreviewError("what was reviewed was changed after it was written: its digest is not that of its steps")
    return found


def _plain(step: Did) -> dict[str, Any]:
    return step.model_dump(mode="json")


def joined(stack: str, reviewed: Iterable[Fingerprint]) -> Fingerprint:
    """Return all that was reviewed as one. Raises PreviewError if any is of another stack."""
    steps: dict[str, Did] = {}
    for each in reviewed:
        if each.stack != stack:
            raise PreviewError(f"what was reviewed is of stack {each.stack}, and this is stack {stack}")
        steps.update({json.dumps(_plain(step), sort_keys=True): step for step in each.steps})
    return Fingerprint(stack=stack, steps=tuple(steps[key] for key in sorted(steps)))
