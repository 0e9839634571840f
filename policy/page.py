"""`python -m policy.page`: writes the tables of docs/policy.md from the rules, the controls and the exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from policy import controls, exceptions, rules
from policy.exceptions import Excepted
from policy.rule import Rule

PAGE = Path(__file__).resolve().parent.parent / "docs" / "policy.md"
_BLOCK = re.compile(r"(?<=<!-- made from policy/: )([a-z]+)( -->\n).*?(?=<!-- until here -->)", re.DOTALL)
_AREAS = {
    "fleet": "Fleets",
    "instances": "Instances",
    "store": "Buckets",
    "network": "Network",
    "balancer": "Load balancer",
    "identity": "Roles",
    "encryption": "Encryption",
    "logs": "Logs",
}
"""The areas in the order of the page. All of policy/rules are here, which a test checks."""


def render(page: str, excepted: Sequence[Excepted]) -> str:
    """Return the page with its tables as the rules, the controls and the exceptions are now."""
    tables = {"rules": _rules, "controls": lambda: _controls(excepted), "exceptions": lambda: _exceptions(excepted)}
    return _BLOCK.sub(lambda found: f"{found[1]}{found[2]}\n{_text(tables[found[1]]())}\n", page)


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _rules() -> Iterator[str]:
    for area, title in _AREAS.items():
        yield from (
            f"### {title}",
            "",
            "| rule | what holds | level | controls | if it is broken |",
            "|---|---|---|---|---|",
        )
        for rule in rules.ALL:
            if rule.area == area:
                cited = ", ".join(rule.controls) or "our own promise"
                yield f"| `{rule.id}` | {rule.title} | {rule.level} | {cited} | {rule.fix} |"
        yield ""


def _controls(excepted: Sequence[Excepted]) -> Iterator[str]:
    yield from ("| control | what it asks | who answers |", "|---|---|---|")
    for control, asks in controls.CONTROLS.items():
        yield f"| {control} | {asks} | {'; '.join(answers(control, excepted))} |"


def answers(control: str, excepted: Sequence[Excepted]) -> list[str]:
    """Return what answers for a control: rules, exceptions, or what holds instead; nothing if it was forgotten."""
    found = [f"`{rule.id}`" for rule in enforcing(control)]
    names = {control, *(rule.id for rule in enforcing(control))}
    found += [f"exception: {_where(each)}" for each in excepted if each.id in names]
    return found + [text for name, text in controls.ELSEWHERE.items() if name == control]


def enforcing(control: str) -> list[Rule]:
    """Return the rules that cite a control."""
    return [rule for rule in rules.ALL if control in rule.controls]


def _exceptions(excepted: Sequence[Excepted]) -> Iterator[str]:
    yield from ("| exception | where | why | decided |", "|---|---|---|---|")
    for each in excepted:
        until = f", until {each.until}" if each.until else ""
        yield f"| {each.id} | {_where(each)} | {' '.join(each.reason.split())} | {each.date}, {each.owner}{until} |"


def _where(each: Excepted) -> str:
    return f"`{each.resource}`" + ("" if each.stack == "*" else f" of `{each.stack}`")


def main() -> None:
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8"), exceptions.read()), encoding="utf-8")


if __name__ == "__main__":
    main()
