"""Which rules a listener gets for its maintenance, and where. Pure.

Source: RuleCondition and Action of the API reference of ELBv2, and "Quotas for your Application Load Balancers".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.errors import ReleaseError
from release.maintenance.page import Page

MOST_RULES = 100
"""Rules of a load balancer, without the default ones (ELB's quota)."""
VALUES = 5
"""Values of all conditions of a rule together (ELB's quota)."""
HIGHEST = 100
"""The priority of the page, where no other rule has a lower one: what lets somebody through comes before it."""
STATUS = "503"
CHECKER = "Amazon-Route53-Health-Check-Service*"
"""How the health checkers of Route 53 name themselves (User-Agent): the app answers them, so that none fails over."""

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of a listener. `arn` is "" for one that is yet to be made; `ours` tells one of a maintenance."""

    priority: int
    conditions: Sequence[Json]
    actions: Sequence[Json]
    arn: str = ""
    ours: bool = False

    @property
    def is_page(self) -> bool:
        """Whether it answers with the page, and lets nobody through."""
        return (
            self.actions[0]["Type"] == "fixed-response"
            and self.actions[0]["FixedResponseConfig"]["StatusCode"] == STATUS
        )


def planned(
    default: Sequence[Json], known: Sequence[Rule], page: Page, allow: Sequence[str], health_path: str | None
) -> list[Rule]:
    """Return the rules to make: who passes, and the page, which comes last and is tried last of them.

    `default` has the listener's default actions, `known` its rules, `health_path` is what the default fleet is asked.
    Raises ReleaseError where the balancer takes no such rules.
    """
    others = [rule for rule in known if not rule.ours]
    passing = [*_checked(default, health_path), *_allowed(default, others, allow)]
    if len(others) + len(passing) + 1 > MOST_RULES:
        raise ReleaseError(
            f"maintenance: the balancer takes {MOST_RULES} rules; it has {len(others)}, and the page and who is let "
            f"through take {len(passing) + 1}: give fewer blocks with --allow"
        )
    there = next((rule.priority for rule in known if rule.ours and rule.is_page), None)
    last = there or min([HIGHEST, *(rule.priority - 1 for rule in others)])
    if last <= len(passing):
        raise ReleaseError(
            f"maintenance: there is no room before the listener's rule of priority {last + 1} for {len(passing) + 1} "
            "rules: give fewer blocks with --allow, or shorten the path of that route (`aws elbv2 describe-rules`)"
        )
    first = last - len(passing)
    made = [Rule(priority=first + at, conditions=c, actions=a) for at, (c, a) in enumerate(passing)]
    return [*made, Rule(priority=last, conditions=_EVERYTHING, actions=[_answer(page)])]


_EVERYTHING: Sequence[Json] = ({"Field": "path-pattern", "PathPatternConfig": {"Values": ["*"]}},)


def _answer(page: Page) -> Json:
    fixed = {"StatusCode": STATUS, "ContentType": page.type, "MessageBody": page.body}
    return {"Type": "fixed-response", "FixedResponseConfig": fixed}


def _checked(default: Sequence[Json], path: str | None) -> list[tuple[Sequence[Json], Sequence[Json]]]:
    """Return what lets Route 53's health checkers through to the fleet that they ask."""
    if path is None or default[0]["Type"] != "forward":
        return []
    exact = re.sub(r"([*?\\])", r"\\\1", path.partition("?")[0])
    conditions = [
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": [CHECKER]}},
        {"Field": "path-pattern", "PathPatternConfig": {"Values": [exact]}},
    ]
    return [(conditions, _actions(default))]


def _allowed(
    default: Sequence[Json], others: Sequence[Rule], allow: Sequence[str]
) -> list[tuple[Sequence[Json], Sequence[Json]]]:
    """Return copies of all rules, in their order, and of the default one, for those who are let through."""
    found: list[tuple[Sequence[Json], Sequence[Json]]] = []
    wanted = [
        *((rule.conditions, rule.actions) for rule in sorted(others, key=lambda rule: rule.priority)),
        ((), default),
    ]
    for conditions, actions in wanted if allow else ():
        own = [_condition(condition) for condition in conditions]
        room = VALUES - sum(len(_values(condition)) for condition in own)
        if room < 1:
            raise ReleaseError(
                f"maintenance: a rule takes {VALUES} values, and the one of {_values(own[0])[0]} has as many without "
                "an address: run it without --allow"
            )
        for at in range(0, len(allow), room):
            source = {"Field": "source-ip", "SourceIpConfig": {"Values": list(allow[at : at + room])}}
            found.append(([*own, source], _actions(actions)))
    return found


def _condition(shown: Json) -> Json:
    """Return a condition as CreateRule takes it: DescribeRules shows the values of some at two places."""
    return {key: value for key, value in shown.items() if key == "Field" or key.endswith("Config")}


def _values(condition: Json) -> list[str]:
    return [value for key, config in condition.items() if key.endswith("Config") for value in config.get("Values", ())]


def _actions(shown: Sequence[Json]) -> list[Json]:
    """Return actions as CreateRule takes them: a forward to one group is shown in two ways."""
    return [
        {key: value for key, value in action.items() if not (key == "ForwardConfig" and "TargetGroupArn" in action)}
        for action in shown
    ]
