"""Whether two values of a field mean the same, and how what AWS says becomes state and inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from sandbox.provider.properties import contains_unknown
from sandbox.provider.schema import Field, Props, Value

_EMPTY: tuple[Value, ...] = ("", [], {})


def same(field: Field, have: Value, want: Value) -> bool:
    """Return whether `have` needs no change to become `want`; a computed value that nobody asked for never does."""
    if want is None and field.computed:
        return True
    if contains_unknown(have) or contains_unknown(want):
        return False
    have, want = _plain(field, have), _plain(field, want)
    if have is None or want is None:
        return _same_absent(field, have, want)
    return _same_present(field, have, want)


def _same_present(field: Field, have: Value, want: Value) -> bool:
    if field.kind == "block":
        return all(same(f, have.get(name), want.get(name)) for name, f in field.fields.items())
    if field.of is not None and field.kind == "list":
        of = field.of
        return len(have) == len(want) and all(same(of, h, w) for h, w in zip(have, want, strict=True))
    if field.of is not None and field.kind == "set":
        return len(have) == len(want) and None not in pairing(field.of, have, want)
    return bool(have == want)


def _same_absent(field: Field, have: Value, want: Value) -> bool:
    """Compare with an absent value: a block with only defaults means the same as no block."""
    present = have if want is None else want
    if field.kind == "block" and present is not None:
        return all(same(f, (have or {}).get(n), (want or {}).get(n)) for n, f in field.fields.items())
    return have is want


def pairing(of: Field, have: list[Any], want: list[Any]) -> list[int | None]:
    """Return, for each wanted element, the index of the existing one it matches, each used once, or None."""
    free = list(range(len(have)))
    pairs: list[int | None] = []
    for element in want:
        match = next((i for i in free if same(of, have[i], element)), None)
        if match is not None:
            free.remove(match)
        pairs.append(match)
    return pairs


def _plain(field: Field, value: Value) -> Value:
    """Return the value with its default filled in, and None for everything the API takes as "not set"."""
    if value is None:
        value = field.default
    if value in _EMPTY or (field.kind == "flag" and value is False and field.default is not True):
        return None
    if field.kind == "json" and isinstance(value, str):
        return canonical_json(value)
    if field.kind in ("flag-text", "number-text") and value is not None:
        return _number(str(value).lower())
    return value


def _number(value: str) -> Value:
    try:
        return float(value)
    except ValueError:
        return value


def canonical_json(document: str) -> Value:
    """Return a form in which equivalent documents are equal: IAM ignores order, and takes a value as a list of one."""
    try:
        return _canonical(json.loads(document))
    except ValueError:
        return document


def _canonical(value: Value) -> Value:
    if isinstance(value, dict):
        return {k: _canonical(v) for k, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        elements = [_canonical(v) for v in cast("list[Any]", value)]
        if len(elements) == 1:
            return elements[0]
        return sorted(elements, key=lambda v: json.dumps(v, sort_keys=True))
    if isinstance(value, bool):
        return str(value).lower()
    return value


def reconcile(field: Field, previous: Value, reading: Value) -> Value:
    """Return a field's state: what AWS says, in the program's own words and order if they mean the same."""
    if reading is None or previous is None:
        return reading
    if field.kind == "block" and isinstance(previous, Mapping):
        return merge(field.fields, cast(Props, previous), cast(Props, reading))
    if field.of is not None and field.kind == "list" and len(previous) == len(reading):
        return [reconcile(field.of, p, r) for p, r in zip(previous, reading, strict=True)]
    if field.of is not None and field.kind == "set":
        pairs = pairing(field.of, reading, previous)
        kept = [reconcile(field.of, p, reading[i]) for p, i in zip(previous, pairs, strict=True) if i is not None]
        return kept + [r for i, r in enumerate(reading) if i not in pairs]
    return previous if same(field, reading, previous) else reading


def merge(fields: Mapping[str, Field], previous: Props, reading: Props) -> Props:
    """Return the state of several fields; one that the reading leaves out cannot be read, and keeps its value."""
    state: Props = {}
    for name, field in fields.items():
        if name not in reading:
            value = previous.get(name)
        elif previous.get(name) is not None and same(field, reading[name], previous[name]) and not reading[name]:
            value = previous[name]
        else:
            value = reconcile(field, previous.get(name), reading[name])
        if value is not None:
            state[name] = value
    return state


def project(fields: Mapping[str, Field], inputs: Props, state: Props, *, complete: bool = False) -> Props:
    """Return the inputs that a program would have written to get this state, as close to its `inputs` as possible.

    What AWS decided is left out, unless a `complete` description is asked for.
    """
    projected: Props = {}
    for name, field in fields.items():
        value = state.get(name)
        if name in inputs:
            if value is not None:
                projected[name] = _project(field, inputs[name], value, complete=complete)
            elif same(field, None, inputs[name]):
                projected[name] = inputs[name]
        elif value is not None and (not same(field, value, None) or (complete and value not in _EMPTY)):
            projected[name] = _project(field, None, value, complete=complete)
    return projected


def _project(field: Field, wanted: Value, value: Value, *, complete: bool) -> Value:
    if wanted is not None and same(field, value, wanted):
        return wanted
    if field.kind == "block":
        return project(field.fields, wanted or {}, value, complete=complete)
    if field.of is not None and field.kind in ("list", "set"):
        of, wanted = field.of, wanted or []
        pairs = _pairs(field, wanted, value)
        return [
            _project(of, None if i is None else wanted[i], v, complete=complete)
            for i, v in zip(pairs, value, strict=True)
        ]
    return value


def _pairs(field: Field, wanted: list[Value], value: list[Value]) -> list[int | None]:
    """Return, for each element of the state, the index of the wanted one it matches, or None."""
    if field.kind == "set" and field.of is not None:
        index = {i: n for n, i in enumerate(pairing(field.of, value, wanted))}
        return [index.get(i) for i in range(len(value))]
    return [i if i < len(wanted) else None for i in range(len(value))]
