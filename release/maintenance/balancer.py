"""Puts a stack's balancer into maintenance, and takes it out: by rules of its own, told apart by their tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from release import names
from release.clients import client, code, explained
from release.errors import ReleaseError
from release.maintenance import rules
from release.maintenance.page import Page
from release.maintenance.rules import Json, Rule

if TYPE_CHECKING:
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

NONE = "{}: there is no such balancer: check --stack and --region"
_AT_ONCE = 20
"""Resources whose tags DescribeTags takes."""


@dataclass(frozen=True, kw_only=True)
class Listener:
    """A listener that leads to fleets, and its rules without the default one."""

    arn: str
    default: Sequence[Json]
    rules: Sequence[Rule]

    @property
    def answers(self) -> bool:
        """Whether clients get the page."""
        return any(rule.ours and rule.is_page for rule in self.rules)


class Balancer:
    """The balancer of one stack. All methods raise ReleaseError."""

    def __init__(self, stack: str, region: str | None) -> None:
        self._stack = stack
        self._region = region
        self._where = f"stack {stack}, balancer {names.balancer_name(stack)}"

    @cached_property
    def _elb(self) -> ElasticLoadBalancingv2Client:
        return client("elbv2", self._region)

    def listeners(self) -> list[Listener]:
        """Return the listeners that lead to fleets, none if there is no balancer.

        One that redirects to another leads there to the page.
        """
        with explained("look for its listeners", self._where):
            try:
                found = self._elb.describe_load_balancers(Names=[names.balancer_name(self._stack)])["LoadBalancers"]
            except ClientError as error:
                if code(error) != "LoadBalancerNotFound":
                    raise
                return []
            pages = self._elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=found[0]["LoadBalancerArn"])
            shown: list[Any] = [listener for page in pages for listener in page["Listeners"]]
            return [
                Listener(
                    arn=each["ListenerArn"], default=each["DefaultActions"], rules=self._rules(each["ListenerArn"])
                )
                for each in shown
                if each["DefaultActions"][0]["Type"] != "redirect"
            ]

    def put(self, page: Page, allow: Sequence[str]) -> None:
        """Have each listener answer with the page. One that does so already gets this page, and no other gap.

        What was made is taken away again if anything goes wrong, Ctrl-C included.
        """
        there = self.listeners()
        if not there:
            raise ReleaseError(NONE.format(self._where))
        for listener in there:
            with explained("put its rules", self._where):
                health = self._health_path(listener.default)
                self._put(listener, rules.planned(listener.default, listener.rules, page, allow, health))

    def remove(self) -> bool:
        """Take the rules away, the page first; return whether there were any."""
        there = [rule for listener in self.listeners() for rule in listener.rules if rule.ours]
        with explained("remove its rules", self._where):
            for rule in sorted(there, key=lambda rule: not rule.is_page):
                self._delete(rule.arn)
        return bool(there)

    def _put(self, listener: Listener, wanted: Sequence[Rule]) -> None:
        page = next((rule for rule in listener.rules if rule.ours and rule.is_page), None)
        for rule in listener.rules:
            if rule.ours and not rule.is_page:
                self._delete(rule.arn)
        made: list[str] = []
        try:
            for rule in wanted:
                if rule.is_page and page:
                    self._elb.modify_rule(RuleArn=page.arn, Actions=_of(rule.actions))
                else:
                    made.append(self._create(listener.arn, rule))
        except BaseException:
            for arn in made:
                self._delete(arn)
            raise

    def _create(self, listener: str, rule: Rule) -> str:
        tags = names.tags(self._stack) | {names.MAINTENANCE_TAG: "on"}
        answer = self._elb.create_rule(
            ListenerArn=listener,
            Priority=rule.priority,
            Conditions=_of(rule.conditions),
            Actions=_of(rule.actions),
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        return str(answer["Rules"][0].get("RuleArn"))

    def _delete(self, arn: str) -> None:
        try:
            self._elb.delete_rule(RuleArn=arn)
        except ClientError as error:
            if code(error) != "RuleNotFound":
                raise

    def _health_path(self, default: Sequence[Json]) -> str | None:
        """Return the path by which the fleet that takes everything is asked; None if there is no such fleet."""
        arn = default[0].get("TargetGroupArn")
        if arn is None:
            return None
        [group] = self._elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
        return group.get("HealthCheckPath")

    def _rules(self, listener: str) -> list[Rule]:
        pages = self._elb.get_paginator("describe_rules").paginate(ListenerArn=listener)
        shown: list[Any] = [rule for page in pages for rule in page["Rules"] if not rule["IsDefault"]]
        ours = self._ours([rule["RuleArn"] for rule in shown])
        return [
            Rule(
                priority=int(rule["Priority"]),
                conditions=rule["Conditions"],
                actions=rule["Actions"],
                arn=rule["RuleArn"],
                ours=rule["RuleArn"] in ours,
            )
            for rule in shown
        ]

    def _ours(self, arns: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for at in range(0, len(arns), _AT_ONCE):
            described = self._elb.describe_tags(ResourceArns=list(arns[at : at + _AT_ONCE]))["TagDescriptions"]
            found |= {
                each["ResourceArn"]
                for each in described
                if any(tag["Key"] == names.MAINTENANCE_TAG for tag in each["Tags"])
            }
        return found


def _of(shown: Sequence[Json]) -> list[Any]:
    return [dict(each) for each in shown]
