"""What rules read: resources with their inputs, and the stack as the graph that they form. Pure.

The same model comes from the engine (policy/pack.py), from `pulumi stack export` and from `pulumi preview --json`
(policy/sources.py), so that a rule says the same of a plan as of what was deployed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value."""
SECRET = "[secret]"  # noqa: S105 - what the engine prints in place of one
"""What stands for a secret's value."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is known only once something is made (Pulumi SDK, `UNKNOWN_VALUE`)."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a stack as it is declared."""

    urn: str
    type: str
    """Such as `aws:ec2/launchTemplate:LaunchTemplate`."""
    name: str
    """The logical name: the last part of the URN."""
    props: Mapping[str, Json]
    """The inputs, by the names of Pulumi's schema: SECRET for secrets, UNKNOWN for what is not known yet."""
    parent: str | None = None
    """The parent's URN."""
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By input: the URNs of the resources whose outputs it is made of. Inputs made of none may be absent."""

    def get(self, path: str, default: Json = None) -> Json:
        """Return the input at a path such as `healthCheck.path` or `rules[0].id`; `default` where there is none.

        What is within something unknown is UNKNOWN.
        """
        found: Json = self.props
        for part in path.replace("[", ".").replace("]", "").split("."):
            if found == UNKNOWN:
                break
            if isinstance(found, Mapping):
                found = found.get(part)
            elif isinstance(found, Sequence) and not isinstance(found, str) and part.isdecimal():
                found = found[int(part)] if int(part) < len(found) else None
            else:
                return default
        return default if found is None else found

    def sources(self, prop: str) -> tuple[str, ...]:
        """Return the URNs of the resources that an input is made of."""
        return self.depends.get(prop, ())


@dataclass(frozen=True)
class Stack:
    """All resources of a stack, those of the program's components and providers too."""

    resources: tuple[Resource, ...]

    def of(self, *types: str) -> tuple[Resource, ...]:
        """Return the resources of these types, in the order of their registration."""
        return tuple(found for kind in types for found in self._by_type.get(kind, ()))

    def find(self, urn: str | None) -> Resource | None:
        """Return the resource with this URN."""
        return self._by_urn.get(urn) if urn else None

    def behind(self, resource: Resource, prop: str, kind: str | None = None) -> tuple[Resource, ...]:
        """Return the resources (of one type) whose outputs an input is made of: a listener's load balancer."""
        found = (self.find(urn) for urn in resource.sources(prop))
        return tuple(other for other in found if other and kind in (None, other.type))

    def before(self, resource: Resource, kind: str, prop: str) -> tuple[Resource, ...]:
        """Return the resources of a type that refer to this one in an input: a bucket's policies, by `bucket`."""
        return tuple(other for other in self.of(kind) if resource.urn in other.sources(prop))

    @cached_property
    def _by_urn(self) -> dict[str, Resource]:
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return found


def known(value: Json) -> bool:
    """Return whether the value is neither unknown nor contains something that is: a JSON text may do that too."""
    if isinstance(value, str):
        return UNKNOWN not in value
    if isinstance(value, Mapping):
        return all(known(inner) for inner in value.values())
    if isinstance(value, Sequence):
        return all(known(inner) for inner in value)
    return True


def may_be(value: Json, *wanted: Json) -> bool:
    """Return whether the value is one of these, or is not known yet: then `pulumi up` tells."""
    return value in wanted or value == UNKNOWN


def statements(document: Json) -> Iterator[Mapping[str, Json]]:
    """Yield the statements of an IAM policy that is given as JSON; none where it is unknown, secret or unset."""
    try:
        found = json.loads(document)["Statement"] if isinstance(document, str) else ()
    except (ValueError, KeyError, TypeError):  # AWS refuses what is no policy
        return
    yield from blocks(found)


def blocks(value: Json) -> Iterator[Mapping[str, Json]]:
    """Yield the objects in a list of them, or the one that there is instead; what is unknown is left out."""
    yield from (each for each in many(value) if isinstance(each, Mapping))


def many(value: Json) -> tuple[Json, ...]:
    """Return what IAM lets be one value or a list of them as a tuple; nothing where there is none."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
