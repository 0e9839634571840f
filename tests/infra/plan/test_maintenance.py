"""A deploy of a stack in maintenance says so, and refuses to remove a fleet that is still led to."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from infra.plan import maintenance
from infra.settings import Settings, parse
from release.errors import StoreError
from release.maintenance.balancer import Balancer, Listener
from release.maintenance.page import Page
from release.maintenance.record import Maintenance, Record
from release.maintenance.rules import Rule, planned

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{}/0123456789abcdef"
PAUSED = Maintenance(by="kim", since=datetime(2026, 11, 30, 7, tzinfo=timezone.utc), page=Page(), reason="the move")


def settings() -> Settings:
    return parse({"loadBalancer": {"http": True}, "fleets": {"web": None}}, "prod", {"AWS_REGION": "eu-west-1"})


def look(
    monkeypatch: pytest.MonkeyPatch, current: Maintenance | None, *fleets: str, on: bool = True
) -> tuple[list[str], list[str]]:
    """What is said where those who are let through are led to these target groups."""

    def listeners(_self: Balancer) -> list[Listener]:
        default = [{"Type": "forward", "TargetGroupArn": ARN.format(fleets[0])}]
        own = [
            Rule(
                priority=1000 + at,
                conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{name}"]}}],
                actions=[{"Type": "forward", "TargetGroupArn": ARN.format(name)}],
            )
            for at, name in enumerate(fleets[1:])
        ]
        made = planned(default, own, Page(), ["10.0.0.0/8"], None) if on else []
        ours = [Rule(priority=r.priority, conditions=r.conditions, actions=r.actions, ours=True) for r in made]
        return [Listener(arn="l", default=default, rules=[*own, *ours])]

    def of(_self: Record, _stack: str) -> Maintenance | None:
        return current

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(Balancer, "listeners", listeners)
    monkeypatch.setattr(Record, "current", of)
    return maintenance.look(settings(), "store")


def test_a_deploy_says_that_clients_get_the_page(monkeypatch: pytest.MonkeyPatch):
    """By whom, since when and why; without a maintenance, nothing is said."""
    problems, [said] = look(monkeypatch, PAUSED, "prod-web-8080")
    assert problems == []
    assert said.startswith("stack prod is in maintenance by kim since 2026-11-30 07:00 UTC: the move: clients get its")
    assert look(monkeypatch, None, "prod-web-8080") == ([], [])


def test_rules_that_are_gone_are_warned_of(monkeypatch: pytest.MonkeyPatch):
    """As after a listener was replaced: nobody forgets that the site was to be closed."""
    problems, [said] = look(monkeypatch, PAUSED, "prod-web-8080", on=False)
    assert problems == []
    assert "but its balancer has no rule for that, and serves: after the deploy, put it back" in said


def test_a_fleet_that_goes_while_it_is_led_to_is_refused(monkeypatch: pytest.MonkeyPatch):
    """ELB removes no target group that a rule names: the deploy would fail half-way."""
    [problem], _ = look(monkeypatch, PAUSED, "prod-web-8080", "prod-api-8080")
    assert "is led to the target group prod-api-8080, which is to go" in problem
    assert "`python -m release maintenance off --stack prod` first" in problem


def test_a_store_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch):
    """Whether clients get a page is not guessed."""

    def fail(_self: Record, _stack: str) -> None:
        raise StoreError("no")

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setattr(Record, "current", fail)
    with pytest.raises(StoreError):
        maintenance.look(settings(), "store")
