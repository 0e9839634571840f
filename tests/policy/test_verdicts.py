"""policy/verdicts.py: which violations count, and which exceptions are wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from policy import rules
from policy.exceptions import FILE, read
from policy.rule import broken
from policy.verdicts import Verdicts
from tests.policy.stacks import prod, with_input

TODAY = date(2026, 12, 1)
BROKEN = with_input("web-log-group", "retentionInDays", 30)
EXCEPTION = """\
- id: log-group-retention
  resource: {resource}
  stack: {stack}
  reason: Whatever an app says is kept elsewhere, for ten years.
  date: 2026-11-30
  owner: platform team
  until: {until}
"""


def judged(tmp_path: Path, text: str, stack: str = "prod") -> tuple[list[str], list[str]]:
    """The resources that are reported, and the problems of the exceptions, of a prod that is broken in one place."""
    file = tmp_path / "exceptions.yaml"
    file.write_text(text)
    verdicts = Verdicts(file, TODAY)
    found = [each for rule in rules.ALL for each in verdicts.of(rule, broken(BROKEN(prod()), [rule]))]
    return [each.resource for each in found if each.resource == "web-log-group"], list(verdicts.problems(stack))


def exception(resource: str = "web-log-group", stack: str = "prod", until: str = "2027-01-01") -> str:
    return EXCEPTION.format(resource=resource, stack=stack, until=until)


def test_what_is_excepted_is_not_reported(tmp_path: Path):
    """By name or by pattern; the exception was needed, so nothing is wrong with it."""
    assert judged(tmp_path, exception()) == ([], [])
    assert judged(tmp_path, exception(resource="web-*", stack="p*")) == ([], [])


def test_an_exception_that_matches_nothing_is_a_problem(tmp_path: Path):
    """It names a resource that there is no more, or that obeys."""
    found, problems = judged(tmp_path, exception(resource="web-log"))
    assert found == ["web-log-group"]
    assert problems == [
        "the exception of log-group-retention on web-log of stack prod matches nothing: "
        "remove it from policy/exceptions.yaml"
    ]


def test_another_stacks_exception_is_no_problem(tmp_path: Path):
    """It neither covers anything here, nor is it asked for."""
    assert judged(tmp_path, exception(stack="dr")) == (["web-log-group"], [])


def test_an_exception_of_another_tool_is_no_problem(tmp_path: Path):
    """`make audit` asks for those of Checkov."""
    assert judged(tmp_path, exception().replace("log-group-retention", "CKV_AWS_338"))[1] == []


def test_an_exception_past_its_day_covers_nothing(tmp_path: Path):
    """On its last day it still does; afterwards the violation is back, with what happened."""
    assert judged(tmp_path, exception(until="2026-12-01")) == ([], [])
    found, problems = judged(tmp_path, exception(until="2026-11-30"))
    assert found == ["web-log-group"]
    assert "ended on 2026-11-30" in problems[0]


@pytest.mark.parametrize("text", ["- {}", "a: b", "["])
def test_a_file_that_is_wrong_excepts_nothing(tmp_path: Path, text: str):
    """It is reported like a violation: a preview that stopped without a word of it would help nobody."""
    found, problems = judged(tmp_path, text)
    assert found == ["web-log-group"]
    assert "exceptions.yaml" in problems[0]


def test_exceptions_name_a_rule_of_somebody():
    """The shipped file has no typing error in an id: each is of the pack, or of a tool that `make audit` runs."""
    ours = {rule.id for rule in rules.ALL}
    for each in read(FILE):
        assert each.id in ours or each.id.startswith(("CKV_", "CKV2_", "zizmor/")), each
