"""The stack `prod` as the real engine declared it, and ways to break it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from policy import sources
from policy.resource import Resource, Stack
from policy.rules import types
from tests.policy.record import FILE

LOCK = types.BUCKET_OBJECT_LOCK
Change = Callable[[Stack], Stack]
_URN = "urn:pulumi:prod::slipway::{type}::{name}"


def prod() -> Stack:
    """What `prod` declares (tests/policy/record.py)."""
    return sources.parse(json.loads(FILE.read_text(encoding="utf-8")))


def good() -> Stack:
    """Prod with what a team decides about as well: it breaks no rule, without any exception."""
    stack = prod()
    lock = {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 365}}}
    locks = [_about(f"artifacts-{part}-object-lock", LOCK, "bucket", named(stack, f"artifacts-{part}-bucket"), **lock)
             for part in ("store", "replica")]  # fmt: skip
    web_acl = _about("balancer-web-acl", types.WEB_ACL, "resourceArn", named(stack, "balancer-balancer"))
    return Stack((*stack.resources, *locks, web_acl))


def _about(name: str, type_: str, prop: str, other: Resource, **props: Any) -> Resource:
    return replace(resource(name, type_, **props), depends={prop: (other.urn,)})


def resource(name: str, type_: str, **props: Any) -> Resource:
    """A resource that prod lacks."""
    return Resource(urn=_URN.format(type=type_, name=name), type=type_, name=name, props=props)


def named(stack: Stack, name: str, type_: str = "") -> Resource:
    """The one resource of this logical name (and type, of which the token's end is enough) that is of AWS."""
    found = [
        each
        for each in stack.resources
        if each.name == name and each.type.startswith("aws:") and each.type.endswith(type_)
    ]
    assert len(found) == 1, (name, found)
    return found[0]


def with_input(name: str, path: str, value: Any, type_: str = "") -> Change:
    """Sets an input, or removes it with None."""

    def change(stack: Stack) -> Stack:
        old = named(stack, name, type_)
        props = copy.deepcopy(dict(old.props))
        *way, last = path.split(".")
        inner: Any = props
        for part in way:
            inner = inner[int(part)] if part.isdecimal() else inner.setdefault(part, {})
        key: Any = int(last) if last.isdecimal() else last
        if value is None:
            del inner[key]
        else:
            inner[key] = value
        return _swap(stack, old, replace(old, props=props))

    return change


def with_statement(name: str, statement: dict[str, Any], path: str = "policy") -> Change:
    """Adds a statement to an IAM policy."""

    def change(stack: Stack) -> Stack:
        old = named(stack, name)
        document = json.loads(old.props[path])
        document["Statement"].append(statement)
        return _swap(stack, old, replace(old, props={**old.props, path: json.dumps(document)}))

    return change


def without(name: str, type_: str = "") -> Change:
    """Removes a resource."""
    return lambda stack: Stack(tuple(each for each in stack.resources if each is not named(stack, name, type_)))


def having(extra: Resource) -> Change:
    """Adds a resource."""
    return lambda stack: Stack((*stack.resources, extra))


def both(*changes: Change) -> Change:
    """Makes one change after the other."""

    def change(stack: Stack) -> Stack:
        for each in changes:
            stack = each(stack)
        return stack

    return change


def unreferred(name: str, prop: str, target: str, type_: str = "") -> Change:
    """Takes a reference to another resource out of an input."""

    def change(stack: Stack) -> Stack:
        old, gone = named(stack, name), named(stack, target, type_).urn
        left = tuple(urn for urn in old.sources(prop) if urn != gone)
        return _swap(stack, old, replace(old, depends={**old.depends, prop: left}))

    return change


def _swap(stack: Stack, old: Resource, new: Resource) -> Stack:
    return Stack(tuple(new if each is old else each for each in stack.resources))
