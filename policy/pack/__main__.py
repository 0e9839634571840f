"""The CrossGuard pack: shows the rules of policy/rules to the Pulumi engine, as `--policy-pack policy/pack`.

The engine asks about each resource with its inputs before it changes anything of it, and about the whole stack, then
with outputs, when it has gone through all of it. Rules read inputs, so the pack keeps those of the first question.
"""

# pulumi_policy is in the pack's own environment (docs/adr/0015), so that the project's has no types of it.
# pyright: reportMissingImports=false

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pulumi_policy as crossguard

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policy import exceptions, rules
from policy.resource import Json, Resource, Stack
from policy.rule import Rule, breaks
from policy.verdicts import UNUSED, Verdicts

Report = Callable[[str, str], None]
FIRST = next(rule for rule in rules.ALL if not rule.whole)
"""The first rule that the engine asks about each resource."""
declared: dict[str, Json] = {}
"""By URN: the inputs of each resource."""
verdicts = Verdicts(exceptions.FILE, datetime.now(timezone.utc).date())


def plain(value: Json) -> Json:
    """Return a value of the engine as JSON: without the SDK's wrappers, which raise where a value is unknown."""
    try:
        value = value["__target"]
    except (TypeError, KeyError):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value]


def alone(rule: Rule) -> Any:  # noqa: ANN401 - untyped SDK
    """Return the policy of a rule that needs nothing but the resource."""

    def validate(args: Any, report: Report) -> None:  # noqa: ANN401 - untyped SDK
        if rule is FIRST:
            declared[args.urn] = plain(args.props)
        if args.resource_type in rule.types:
            props = declared.get(args.urn) or plain(args.props)
            resource = Resource(urn=args.urn, type=args.resource_type, name=args.name, props=props)
            tell(rule, Stack((resource,)), report)

    return crossguard.ResourceValidationPolicy(validate=validate, **described(rule))


def whole(rule: Rule) -> Any:  # noqa: ANN401 - untyped SDK
    """Return the policy of a rule that needs all of the stack."""

    def validate(args: Any, report: Report) -> None:  # noqa: ANN401 - untyped SDK
        tell(rule, Stack(tuple(read(asked) for asked in args.resources)), report)

    return crossguard.StackValidationPolicy(validate=validate, **described(rule))


def read(asked: Any) -> Resource:  # noqa: ANN401 - untyped SDK
    """Return a resource of the whole stack, with the inputs that are known of it."""
    return Resource(
        urn=asked.urn,
        type=asked.resource_type,
        name=asked.name,
        props=declared[asked.urn] if asked.urn in declared else plain(asked.props),
        parent=asked.parent.urn if asked.parent else None,
        depends={name: tuple(other.urn for other in there) for name, there in asked.property_dependencies.items()},
    )


def tell(rule: Rule, stack: Stack, report: Report) -> None:
    """Report what breaks a rule and is not excepted."""
    found = [violation for resource in stack.of(*rule.types) for violation in breaks(rule, resource, stack)]
    for violation in verdicts.of(rule, found):
        report(violation.text(), violation.urn)


def described(rule: Rule) -> dict[str, Any]:
    """Return what the engine shows of a rule."""
    return {
        "name": rule.id,
        "description": rule.title,
        "enforcement_level": crossguard.EnforcementLevel(rule.level),
        "remediation_steps": rule.fix,
    }


def unused(args: Any, report: Report) -> None:  # noqa: ANN401 - untyped SDK
    """Report what is wrong with the exceptions themselves. Asked last, when all rules have been."""
    root = next(asked.urn for asked in args.resources)
    for problem in verdicts.problems(root.split(":", 3)[2]):
        report(problem, root)


crossguard.PolicyPack(
    name="slipway",
    policies=[
        *(whole(rule) if rule.whole else alone(rule) for rule in rules.ALL),
        crossguard.StackValidationPolicy(
            name=UNUSED,
            description="Each exception is needed",
            validate=unused,
            enforcement_level=crossguard.EnforcementLevel.MANDATORY,
        ),
    ],
)
