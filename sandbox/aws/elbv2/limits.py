"""What Elastic Load Balancing refuses of a rule, and moto takes.

Sources: "Quotas for your Application Load Balancers" (rules, condition values), FixedResponseActionConfig in the API
reference (1,024 characters), and the CIDR blocks of SourceIpConditionConfig.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import FakeLoadBalancer

RULES, VALUES, BODY = 100, 5, 1024


def check_rules(balancers: Sequence[FakeLoadBalancer]) -> None:
    """Raise TooManyRules where the listener's balancer has as many as it may; its default rules do not count."""
    for balancer in balancers:
        if sum(len(listener.rules) - 1 for listener in balancer.listeners.values()) >= RULES:
            raise ELBClientError("TooManyRules", "The maximum number of rules on this load balancer was reached")


def check_conditions(conditions: Sequence[Mapping[str, Any]]) -> None:
    """Raise what AWS answers to more values than a rule takes, or to an address that is no block."""
    values = [
        value
        for condition in conditions
        for key, config in condition.items()
        if key.endswith("Config")
        for value in config.get("Values") or ()
    ]
    values += [value for condition in conditions for value in condition.get("Values") or ()]
    if len(values) > VALUES:
        raise ELBClientError("TooManyConditionValues", f"A rule can have at most {VALUES} condition values")
    for condition in conditions:
        for block in (condition.get("SourceIpConfig") or {}).get("Values") or ():
            try:
                ipaddress.ip_network(block)
            except ValueError:
                raise ELBClientError("ValidationError", f"The CIDR block '{block}' is not valid") from None
            if "/" not in block:
                raise ELBClientError("ValidationError", f"'{block}' is not in CIDR format")


def check_actions(actions: Sequence[Mapping[str, Any]]) -> None:
    """Raise what AWS answers to a page that is too long."""
    for number, action in enumerate(actions, 1):
        body = (action.get("FixedResponseConfig") or {}).get("MessageBody") or ""
        if len(body) > BODY:
            raise ELBClientError(
                "ValidationError",
                f"1 validation error detected: Value at 'actions.{number}.member.fixedResponseConfig.messageBody' "
                f"failed to satisfy constraint: Member must have length less than or equal to {BODY}",
            )
