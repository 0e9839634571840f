"""policy/page.py and docs/policy.md: every rule and every control has its place."""

from __future__ import annotations

from pathlib import Path

from policy import controls, exceptions, page, rules


def test_the_page_is_current():
    """`make generate` makes it anew."""
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.render(text, exceptions.read()) == text


def test_every_control_is_answered_for():
    """By a rule, by an exception with its reason, or by what holds instead."""
    assert [name for name in controls.CONTROLS if not page.answers(name, exceptions.read())] == []


def test_every_control_that_a_rule_cites_is_listed():
    """No rule cites a control that the page does not explain, and nothing stands in for a control that has a rule."""
    cited = {control for rule in rules.ALL for control in rule.controls}
    assert cited <= set(controls.CONTROLS)
    assert not cited & set(controls.ELSEWHERE)


def test_every_area_is_on_the_page():
    """A new module of policy/rules needs a title."""
    folder = Path(page.__file__).with_name("rules")
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__", "types"}
    assert modules == set(page._AREAS) == {rule.area for rule in rules.ALL}
