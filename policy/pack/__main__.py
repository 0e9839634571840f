"""The CrossGuard pack: shows the rules of policy/rules to the Pulumi engine, as `--policy-pack policy/pack`.

The engine asks about each resource with its inputs before it changes anything of it, and about the whole stack when it
has gone through all of it, then with outputs. Rules read inputs, so what was asked first is kept.
"""

# pulumi_policy is in the pack's own environment (docs/adr/0015), so the project's has no types of it.
# pyright: reportMissingImports=false, reportUntypedFunctionDecorator=false

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi_policy as crossguard

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policy import rules
from policy.resource import Json, Resource, Stack
from policy.rule import Rule, message

Report = Callable[[str, str], None]
declared: dict[str, Resource] = {}
"""By URN: each resource as it was declared."""


def plain(value: Json) -> Json:
    """Return a value of the engine as JSON: without the SDK's wrappers, which raise where a value is unknown."""
    try:
        value = value["__target"]
    except (TypeError, KeyError):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value]


def read(args: Any, depends: dict[str, tuple[str, ...]], parent: str | None) -> Resource:  # noqa: ANN401 - untyped SDK
    """Return a resource that the engine asks about."""
    return Resource(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        props=plain(args.props),
        parent=parent,
        depends=depends,
    )


def alone(rule: Rule) -> Any:  # noqa: ANN401 - untyped SDK
    """Return the policy of a rule that needs nothing but the resource."""

    def validate(args: Any, report: Report) -> None:  # noqa: ANN401 - untyped SDK
        if args.resource_type in rule.types:
            resource = read(args, {}, None)
            for problem in rule.check(resource, Stack((resource,))):
                report(message(rule, problem), args.urn)

    return crossguard.ResourceValidationPolicy(validate=validate, **described(rule))


def whole(rule: Rule) -> Any:  # noqa: ANN401 - untyped SDK
    """Return the policy of a rule that needs all of the stack."""

    def validate(args: Any, report: Report) -> None:  # noqa: ANN401 - untyped SDK
        stack = graph(args)
        for resource in stack.of(*rule.types):
            for problem in rule.check(resource, stack):
                report(message(rule, problem), resource.urn)

    return crossguard.StackValidationPolicy(validate=validate, **described(rule))


def graph(args: Any) -> Stack:  # noqa: ANN401 - untyped SDK
    """Return the stack that the engine asks about, with inputs in place of outputs."""
    found: list[Resource] = []
    for asked in args.resources:
        depends = {name: tuple(other.urn for other in there) for name, there in asked.property_dependencies.items()}
        resource = read(asked, depends, asked.parent.urn if asked.parent else None)
        found.append(resource)
    return Stack(tuple(found))


def described(rule: Rule) -> dict[str, Any]:
    """Return what the engine shows of a rule."""
    return {
        "name": rule.id,
        "description": rule.title,
        "enforcement_level": crossguard.EnforcementLevel(rule.level),
        "remediation_steps": rule.fix,
    }


crossguard.PolicyPack(
    name="slipway",
    policies=[whole(rule) if rule.whole else alone(rule) for rule in rules.ALL],
)
