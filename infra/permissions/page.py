"""`python -m infra.permissions.page`: writes the tables of docs/permissions.md from the policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.permissions import policies, roles

PAGE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
_EXAMPLE = roles.Scope(
    stack="prod",
    region="eu-west-1",
    account="123456789012",
    state="state-slipway-123456789012-eu-west-1/prod",
    key="arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d",
    boundary="arn:aws:iam::123456789012:policy/slipway.prod.boundary",
    zone="Z0123456789ABCDEFGHIJ",
    replica="eu-central-1",
)
_BLOCK = re.compile(
    r"(?<=<!-- made from infra/permissions/roles.py: )([a-z]+)( -->\n).*?(?=<!-- until here -->)", re.DOTALL
)


def render(page: str) -> str:
    """Return the page with each table as the policies have it now."""
    return _BLOCK.sub(lambda found: f"{found[1]}{found[2]}\n{_table(_policy(found[1]))}\n", page)


def _policy(role: str) -> Mapping[str, Any]:
    if role != "instance":
        return roles.policy(role, _EXAMPLE)
    return policies.instance(
        stack=_EXAMPLE.stack,
        fleet="web",
        region=_EXAMPLE.region,
        account=_EXAMPLE.account,
        bucket="slipway-prod-123456789012-eu-west-1",
    )


def _table(policy: Mapping[str, Any]) -> str:
    lines = ["| may | on | if |", "|---|---|---|"]
    for statement in policy["Statement"]:
        resources = statement["Resource"]
        named = [resources] if isinstance(resources, str) else resources
        where = "anything" if named == ["*"] else "<br>".join(f"`{_short(each)}`" for each in named)
        conditions = [
            _condition(operator, key, value)
            for operator, keys in statement.get("Condition", {}).items()
            for key, value in keys.items()
        ]
        lines.append(f"| {_actions(statement['Action'])} | {where} | {'<br>'.join(conditions)} |")
    return "\n".join(lines) + "\n"


_WORDS = {
    "BoolIfExists": "is",
    "ForAllValues:StringEquals": "are",
    "Null": "is absent:",
    "StringEquals": "is",
    "StringLike": "is like",
}


def _condition(operator: str, key: str, value: str | list[str]) -> str:
    there = operator == "Null" and value == "false"
    return f"`{key}` is there" if there else f"`{key}` {_WORDS[operator]} {_values(value)}"


def _actions(actions: list[str]) -> str:
    services = dict.fromkeys(action.partition(":")[0] for action in actions)
    by_service = {name: [a.partition(":")[2] for a in actions if a.startswith(f"{name}:")] for name in services}
    return "<br>".join(f"**{name}** {', '.join(names)}" for name, names in by_service.items())


def _values(value: str | list[str]) -> str:
    if isinstance(value, str):
        return f"`{value}`"
    return " or ".join(f"`{each}`" for each in value) if len(value) < 4 else "one of those that make something"


def _short(arn: str) -> str:
    """Return the ARN without what all have in common."""
    return arn.replace(f":{_EXAMPLE.region}:{_EXAMPLE.account}:", "::").removeprefix("arn:aws:")


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
