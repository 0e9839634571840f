"""What happens to one resource: the state that a read gives, and what a preview can foretell."""

from __future__ import annotations

import re
import time

from sandbox.provider.call import Call
from sandbox.provider.check import DEFAULTS
from sandbox.provider.compare import merge, project
from sandbox.provider.errors import is_gone, is_in_use
from sandbox.provider.properties import UNKNOWN
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Props

_RELEASE = 60.0  # seconds
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


def read(resource: Resource, call: Call, id_: str, prior: Props) -> Props | None:
    """Return the state of the resource, in the words of `prior` where they mean the same; None if it is gone."""
    try:
        reading = resource.read(call, id_, prior)
    except Exception as error:
        if is_gone(error):
            return None
        raise
    state = merge(resource.fields, _with_defaults(resource, prior), reading)
    state.update({name: reading[name] for name in resource.outputs if reading.get(name) is not None})
    if resource.regional:
        state["region"] = call.region
    if "tagsAll" in resource.outputs:
        state["tagsAll"] = state.get("tags", {})
    return state


def imported(resource: Resource, id_: str) -> tuple[str, Props]:
    """Return the id and the region that an import means: upstream takes `ID@REGION` for another region's resource."""
    own, at, region = id_.rpartition("@")
    if at and resource.regional and _REGION.fullmatch(region):
        return own, {"region": region}
    return id_, {}


def read_partial(resource: Resource, call: Call, inputs: Props) -> Props:
    """Return the state of a half-made resource: what can be read of it, otherwise what was asked for."""
    try:
        return read(resource, call, str(call.created_id), inputs) or inputs
    except Exception:  # the failure that led here is the one to report
        return inputs


def inputs_of(resource: Resource, inputs: Props, state: Props) -> Props:
    """Return the inputs that explain the state: the program's, corrected for drift; for an import, all of them."""
    projected = project(resource.inputs, inputs, state, complete=not inputs)
    if DEFAULTS in inputs:
        projected[DEFAULTS] = inputs[DEFAULTS]
    elif not inputs and resource.autoname is not None:
        projected[DEFAULTS] = [resource.autoname.field]
    return projected


def preview(resource: Resource, old: Props, new: Props, changed: set[str]) -> Props:
    """Return the state that a create (no `old`) or an update would lead to, unknown where only AWS can tell."""
    state = overlay(resource, old, new)
    for name, field in resource.fields.items():
        if not old and field.computed and name not in state:
            state[name] = UNKNOWN
    anew = resource.recomputed(new, changed) if old else resource.outputs
    state.update({name: UNKNOWN for name in anew if name not in new})
    if "tagsAll" in resource.outputs:
        state["tagsAll"] = state.get("tags", {})
    return state


def overlay(resource: Resource, old: Props, new: Props) -> Props:
    """Return the new inputs on top of what they leave alone in the old state: outputs, and what AWS decides."""
    kept = {k: v for k, v in old.items() if k not in resource.inputs or resource.inputs[k].computed}
    return {**kept, **{k: v for k, v in new.items() if k != DEFAULTS}}


def settable(resource: Resource, new: Props) -> set[str]:
    """Return the fields to set again after a creation that failed half-way, when no input differs."""
    return {name for name in new if name in resource.fields and not resource.fields[name].replace}


def delete(resource: Resource, call: Call, id_: str, state: Props) -> None:
    """Delete the resource, unless it is gone; what still uses it may be on its way out, and is given a minute."""
    deadline = time.monotonic() + min(call.timeout, _RELEASE)

    def attempt() -> bool:
        try:
            resource.delete(call, id_, state)
        except Exception as error:
            if is_in_use(error) and time.monotonic() < deadline:
                return False
            if not is_gone(error):
                raise
        return True

    call.wait(f"{id_} to be deleted", attempt)


def _with_defaults(resource: Resource, prior: Props) -> Props:
    """Return the prior state; an import has none, so what cannot be read gets its default."""
    if prior:
        return prior
    return {name: f.default for name, f in resource.fields.items() if f.default is not None}
