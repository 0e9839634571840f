"""Listener rules, as ELBv2 documents them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.balancer.config import Json, ListenerConfig, RuleConfig
from sandbox.balancer.rules import Seen, compile_rules, groups_of, redirect_location, wildcard

FORWARD = {"Type": "forward", "TargetGroupArn": "a"}


def listener(*conditions: Json) -> ListenerConfig:
    """A listener with one rule."""
    return ListenerConfig(
        arn="l",
        port=80,
        local_port=0,
        secure=False,
        rules=(RuleConfig(priority=1, conditions=conditions, action=FORWARD),),
    )


def matches(*conditions: Json, host: str = "shop.example") -> bool:
    """Whether a request for an image meets these conditions."""
    seen = Seen(host=host, path="/img/a.png", query="v=1", client="198.51.100.7", headers={"user-agent": ["Curl/8"]})
    return compile_rules(listener(*conditions))[0].matches(seen)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Field": "path-pattern", "Values": ["/img/*"]}, True),
        ({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/x", "/img/?.png"]}}, True),
        ({"Field": "path-pattern", "Values": ["/IMG/*"]}, False),
        ({"Field": "path-pattern", "Values": ["/img"]}, False),
        ({"Field": "host-header", "HostHeaderConfig": {"Values": ["*.EXAMPLE"]}}, True),
        ({"Field": "host-header", "Values": ["example"]}, False),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["203.0.113.0/24", "198.51.100.0/24"]}}, True),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["203.0.113.0/24", "2001:db8::/32"]}}, False),
        ({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "USER-Agent", "Values": ["curl*"]}}, True),
        ({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "Accept", "Values": ["*"]}}, False),
        ({"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}]}}, False),
    ],
)
def test_conditions(condition: Json, expected: bool):
    """Each kind of condition, with its case sensitivity and wildcards; one of another kind lets nothing through."""
    assert matches(condition) is expected


def test_all_conditions_of_a_rule_must_hold():
    """A rule with two conditions needs both."""
    path, host = {"Field": "path-pattern", "Values": ["/img/*"]}, {"Field": "host-header", "Values": ["other.example"]}
    assert not matches(path, host)
    assert matches(path, host, host="other.example")


@given(st.text())
def test_a_pattern_without_wildcards_matches_itself(text: str):
    """Whatever a text holds, escaped it matches just itself, and a star matches all."""
    escaped = "".join(f"\\{character}" if character in "*?\\" else character for character in text)
    assert wildcard(escaped, ignore_case=False).fullmatch(text)
    assert wildcard("*", ignore_case=False).fullmatch(text)


def test_a_listeners_target_groups_are_those_it_forwards_to():
    """Health is checked of those alone."""
    assert groups_of(listener()) == {"a"}


@pytest.mark.parametrize(
    ("port", "location"),
    [("443", "https://shop.example:443/img/a.png?v=1"), ("8443", "https://shop.example:40123/img/a.png?v=1")],
)
def test_redirects_keep_host_path_and_query(port: str, location: str):
    """A port of this load balancer's own listeners becomes the local one."""
    action = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": port}}
    request = Seen(host="shop.example", path="/img/a.png", query="v=1")
    assert redirect_location(action, request, local_ports={8443: 40123}) == location
