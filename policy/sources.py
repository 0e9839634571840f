"""Reads a stack's resources from what Pulumi prints: `pulumi stack export`, or `pulumi preview --json`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policy.resource import SECRET, Json, Resource, Stack

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks a secret in a state, and is none
"""How a state marks a secret (Pulumi, sdk/go/common/resource/properties.go)."""
_GOES = ("delete", "delete-replaced", "discard", "discard-replaced", "read-discard")
"""The steps of a preview after which a resource is gone."""


class SourceError(Exception):
    """The document is neither of the two, or is a part only."""


def parse(document: Json) -> Stack:
    """Return the stack of an exported state or a preview. Raises SourceError if it is neither, or a part of one."""
    try:
        if isinstance(document, Mapping):
            if isinstance(document.get("deployment"), Mapping):
                return Stack(tuple(_exported(document["deployment"].get("resources") or [])))
            if isinstance(document.get("steps"), Sequence):
                _refuse_part(document)
                return Stack(tuple(_planned(document["steps"])))
    except (AttributeError, KeyError, TypeError):  # it has the outside of one, and something else within
        pass
    raise SourceError(
        "this is neither a stack's state nor a preview: give the output of `pulumi stack export` "
        "or of `pulumi preview --json --show-sames`"
    )


def _refuse_part(preview: Mapping[str, Json]) -> None:
    """Raise SourceError if a preview leaves out what stays as it is: rules look at that as well."""
    stays = (preview.get("changeSummary") or {}).get("same", 0)
    if stays > sum(step.get("op") == "same" for step in preview["steps"]):
        raise SourceError(
            f"this preview leaves out {stays} resources that stay as they are: make it with "
            "`pulumi preview --json --show-sames`"
        )


def _exported(states: Sequence[Mapping[str, Json]]) -> Iterator[Resource]:
    """Yield what a state holds, except what waits for its deletion."""
    yield from (_resource(state) for state in states if not state.get("delete"))


def _planned(steps: Sequence[Mapping[str, Json]]) -> Iterator[Resource]:
    """Yield what there will be after a preview's steps; a replacement is three of them, with one URN."""
    seen: dict[str, Resource] = {}
    for step in steps:
        state = step.get("newState")
        if state and step.get("op") not in _GOES:
            seen[state["urn"]] = _resource(state)
    yield from seen.values()


def _resource(state: Mapping[str, Json]) -> Resource:
    return Resource(
        urn=state["urn"],
        type=state["type"],
        name=state["urn"].rpartition("::")[2],
        props={name: _plain(value) for name, value in (state.get("inputs") or {}).items()},
        parent=state.get("parent") or None,
        depends={name: tuple(urns or ()) for name, urns in (state.get("propertyDependencies") or {}).items()},
    )


def _plain(value: Json) -> Json:
    """Return the value with SECRET for whatever is one."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET_SIGNATURE:
            return SECRET
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
