"""Policy statements, evaluated for one action on one resource. Pure.

moto's own evaluation does not check resources (https://github.com/getmoto/moto/pull/2300). This one follows the IAM
user guide ("Policy evaluation logic", "Condition operators") for what the policies here use. An unknown operator raises
ValueError, so that no statement that was not understood allows or overlooks anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

Statement = Mapping[str, Any]
_ALL = "ForAllValues:"
_VARIABLE = re.compile(r"\$\{([A-Za-z]+:[A-Za-z0-9/:_-]+)\}")


@dataclass(frozen=True, kw_only=True)
class Ask:
    """May `action` (`s3:GetObject`) be done to `resource` (an ARN), in this context (condition keys and values)?"""

    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict[str, "str | tuple[str, ...]"])
    """A key with several values has a tuple."""


def decide(statements: Iterable[Statement], ask: Ask) -> bool:
    """Return whether the statements allow it: at least one does, and none denies it."""
    meant = [statement for statement in statements if _concerns(statement, ask)]
    return bool(meant) and all(statement["Effect"] == "Allow" for statement in meant)


def denies(statements: Iterable[Statement], ask: Ask) -> bool:
    """Return whether one of the statements denies it, which nothing that allows it can outweigh."""
    return any(statement["Effect"] == "Deny" and _concerns(statement, ask) for statement in statements)


def allowing(statements: Iterable[Statement], ask: Ask) -> list[str]:
    """Return the action patterns (as written) that allow it."""
    meant = [statement for statement in statements if statement["Effect"] == "Allow" and _concerns(statement, ask)]
    return [
        pattern for each in meant for pattern in _listed(each.get("Action", ())) if _like(pattern, ask.action, True)
    ]


def _concerns(statement: Statement, ask: Ask) -> bool:
    return (
        _in(statement, "Action", ask.action, ignoring_case=True)
        and _in(statement, "Resource", ask.resource)
        and _holds(statement.get("Condition", {}), ask.context)
    )


def _in(statement: Statement, element: str, value: str, *, ignoring_case: bool = False) -> bool:
    if f"Not{element}" in statement:
        return not any(_like(pattern, value, ignoring_case) for pattern in _listed(statement[f"Not{element}"]))
    return any(_like(pattern, value, ignoring_case) for pattern in _listed(statement.get(element, ())))


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str | tuple[str, ...]]) -> bool:
    return all(
        _compare(operator, _resolved(_listed(values), context), _value(context, key))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _resolved(values: list[str], context: Mapping[str, str | tuple[str, ...]]) -> list[str]:
    """Return a condition's values with the policy variables put in; one with an unknown variable equals nothing."""
    found: list[str] = []
    for value in values:
        resolved = value
        for name in _VARIABLE.findall(value):
            known = _value(context, name)
            if not isinstance(known, str):
                break
            resolved = resolved.replace(f"${{{name}}}", known)
        else:
            found.append(resolved)
    return found


def _value(context: Mapping[str, str | tuple[str, ...]], key: str) -> str | tuple[str, ...] | None:
    """Return a condition key's value, ignoring the key's case."""
    return next((value for name, value in context.items() if name.lower() == key.lower()), None)


def _compare(operator: str, wanted: list[str], value: str | tuple[str, ...] | None) -> bool:
    if operator.startswith(_ALL):  # also true where the key is absent
        values = (value,) if isinstance(value, str) else value or ()
        return all(_compare(operator.removeprefix(_ALL), wanted, each) for each in values)
    if isinstance(value, tuple):
        raise ValueError(f"the sandbox knows no operator but {_ALL}… for a key with several values, not {operator}")
    if operator == "Null":
        return (value is None) == (wanted == ["true"])
    name = operator.removesuffix("IfExists")
    if value is None and name != operator:
        return True
    negated = "Not" in name
    compare = _OPERATORS.get(name.replace("Not", ""))
    if compare is None:
        raise ValueError(f"the sandbox does not know the condition operator {operator}")
    found = value is not None and any(compare(pattern, value) for pattern in wanted)
    return found != negated


def _like(pattern: str, value: str, ignoring_case: bool = False) -> bool:
    return _expression(pattern, ignoring_case).fullmatch(value) is not None


@cache
def _expression(pattern: str, ignoring_case: bool) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL | (re.IGNORECASE if ignoring_case else 0))


def _same(pattern: str, value: str) -> bool:
    return pattern == value


def _same_bool(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _same_bool,
}


def _listed(value: object) -> list[str]:
    """Return a policy element as a list; it may be a single value."""
    if isinstance(value, list | tuple):
        return [str(each) for each in cast("list[object]", value)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]
