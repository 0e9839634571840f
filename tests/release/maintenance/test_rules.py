"""Which rules a listener gets: the page before all of the stack's own, and those who pass before the page."""

from __future__ import annotations

from typing import Any

import pytest

from release.errors import ReleaseError
from release.maintenance.page import Page
from release.maintenance.rules import Rule, planned

FORWARD = {"Type": "forward", "TargetGroupArn": "web", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "web"}]}}
API = {**FORWARD, "TargetGroupArn": "api"}
PAGE = Page()


def path(*values: str) -> dict[str, Any]:
    """A condition as DescribeRules shows it: its values at two places."""
    return {"Field": "path-pattern", "Values": list(values), "PathPatternConfig": {"Values": list(values)}}


def own(priority: int, *conditions: dict[str, Any]) -> Rule:
    return Rule(priority=priority, conditions=conditions or (path("/api/*"),), actions=[API], arn=f"rule {priority}")


def sources(rule: Rule) -> list[str]:
    return [value for each in rule.conditions for value in each.get("SourceIpConfig", {}).get("Values", ())]


def test_the_page_takes_everything_but_health_checkers():
    """Route 53 asks the app as ever: nobody is led to another region because of a maintenance."""
    checked, page = planned([FORWARD], [own(36000)], PAGE, [], "/health?deep=1")
    assert (checked.priority, page.priority) == (99, 100)
    assert page.is_page
    assert page.conditions == ({"Field": "path-pattern", "PathPatternConfig": {"Values": ["*"]}},)
    assert [each["Field"] for each in checked.conditions] == ["http-header", "path-pattern"]
    assert checked.conditions[1]["PathPatternConfig"]["Values"] == ["/health"]
    assert checked.actions == [{"Type": "forward", "TargetGroupArn": "web"}]


def test_who_is_let_through_finds_all_routes():
    """Each rule has a copy with their addresses, in the same order, five values a rule; then the default fleet."""
    allow = [f"10.0.{n}.0/24" for n in range(6)]
    made = planned([FORWARD], [own(40000, path("/b")), own(36000)], PAGE, allow, None)
    *passing, page = made
    assert [rule.priority for rule in made] == list(range(101 - len(made), 101))
    assert page.is_page
    assert [len(sources(rule)) for rule in passing] == [4, 2, 4, 2, 5, 1]
    paths = [rule.conditions[0].get("PathPatternConfig", {}).get("Values") for rule in passing]
    assert paths == [["/api/*"], ["/api/*"], ["/b"], ["/b"], None, None]
    assert all("Values" not in each for rule in made for each in rule.conditions)


def test_it_comes_before_rules_of_low_priorities():
    """A stack's longest routes have priorities below 100; without room, nothing is made."""
    assert [rule.priority for rule in planned([FORWARD], [own(5)], PAGE, [], "/")] == [3, 4]
    with pytest.raises(ReleaseError, match="no room before the listener's rule of priority 2 for 2 rules"):
        planned([FORWARD], [own(2)], PAGE, [], "/")


def test_one_that_is_on_stays_where_it_is():
    """Only what comes before the page is made anew, so that nobody gets the app in between."""
    page = Rule(priority=40, conditions=(), actions=planned([FORWARD], [], PAGE, [], None)[-1].actions, ours=True)
    passing = Rule(priority=39, conditions=(), actions=[FORWARD], ours=True)
    made = planned([FORWARD], [passing, page, own(36000)], PAGE, ["10.0.0.0/8"], None)
    assert [rule.priority for rule in made] == [38, 39, 40]


def test_quotas_are_heeded():
    """A balancer takes 100 rules, a rule five values."""
    many = [own(1000 + n, path(f"/{n}")) for n in range(60)]
    with pytest.raises(ReleaseError, match="takes 100 rules; it has 60, and the page and who is let through take 62"):
        planned([FORWARD], many, PAGE, ["10.0.0.0/8"], None)
    full = own(1000, path("/full"), {"Field": "host-header", "HostHeaderConfig": {"Values": list("abcd")}})
    with pytest.raises(ReleaseError, match="a rule takes 5 values, and the one of /full has as many"):
        planned([FORWARD], [full], PAGE, ["10.0.0.0/8"], None)
    assert len(planned([FORWARD], [full], PAGE, [], None)) == 1


def test_a_listener_without_a_default_fleet():
    """What no fleet takes is answered with 404, to those who are let through as well; nobody checks it."""
    none = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    passing, page = planned([none], [], PAGE, ["10.0.0.0/8"], "/")
    assert passing.actions == [none]
    assert not passing.is_page
    assert page.is_page
