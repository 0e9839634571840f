"""Listener rules, as ELBv2 documents them."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.balancer.config import ListenerConfig, RuleConfig
from sandbox.balancer.rules import Seen, compile_rules, forward_to, groups_of, redirect_location, wildcard

HEADERS = {"user-agent": ["curl/8", "Mozilla"]}


def seen(**more):
    base = {
        "method": "GET",
        "host": "shop.example",
        "path": "/img/a.png",
        "query": "v=1&Name=a%2Ab",
        "source": "10.0.0.7",
    }
    return Seen(**{**base, **more}, headers=lambda name: HEADERS.get(name.lower(), []))


def holds(*conditions, **more):
    rule = RuleConfig(priority=1, conditions=conditions, actions=({"Type": "forward", "TargetGroupArn": "a"},))
    listener = ListenerConfig(arn="l", port=80, protocol="HTTP", rules=(rule,))
    return compile_rules(listener)[0].holds(seen(**more))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Field": "path-pattern", "Values": ["/img/*"]}, True),
        ({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/x", "/img/?.png"]}}, True),
        ({"Field": "path-pattern", "Values": ["/IMG/*"]}, False),
        ({"Field": "path-pattern", "Values": ["/img"]}, False),
        ({"Field": "host-header", "HostHeaderConfig": {"Values": ["*.EXAMPLE"]}}, True),
        ({"Field": "host-header", "Values": ["example"]}, False),
        ({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": ["*mozilla*"]}}, True),
        ({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Other", "Values": ["*"]}}, False),
        ({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}}, True),
        ({"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "V", "Value": "?"}]}}, True),
        ({"Field": "query-string", "QueryStringConfig": {"Values": [{"Value": "a\\*b"}]}}, True),
        ({"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}}, False),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}, True),
        ({"Field": "of-the-future"}, False),
    ],
)
def test_conditions(condition, expected):
    """Each kind of condition, with its case sensitivity and wildcards."""
    assert holds(condition) is expected


def test_all_conditions_of_a_rule_must_hold():
    """A rule with two conditions needs both."""
    path, host = {"Field": "path-pattern", "Values": ["/img/*"]}, {"Field": "host-header", "Values": ["other.example"]}
    assert not holds(path, host)
    assert holds(path, host, host="other.example")


@given(st.text())
def test_a_pattern_without_wildcards_matches_itself(text):
    """Whatever a text holds, escaped it matches just itself, and a star matches all."""
    escaped = "".join(f"\\{character}" if character in "*?\\" else character for character in text)
    assert wildcard(escaped, ignore_case=False).fullmatch(text)
    assert wildcard("*", ignore_case=False).fullmatch(text)


def test_weights_are_kept():
    """A forward action spreads by weight; a weight of 0 gets nothing."""
    tuples = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in (("a", 3), ("b", 1), ("c", 0))]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}
    points = (number % 100 / 100 for number in count())
    assert Counter(forward_to(action, lambda: next(points)) for _ in range(100)) == {"a": 75, "b": 25}
    rule = RuleConfig(priority=None, conditions=(), actions=(action,))
    assert groups_of(ListenerConfig(arn="l", port=80, protocol="HTTP", rules=(rule,))) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("config", "location"),
    [
        ({"Protocol": "HTTPS", "Port": "443"}, "https://shop.example:443/img/a.png?v=1&Name=a%2Ab"),
        ({"Host": "www.#{host}", "Path": "/new/#{path}", "Query": "#{query}&x=1", "Port": "#{port}"},
         "http://www.shop.example:80/new/img/a.png?v=1&Name=a%2Ab&x=1"),
        ({"Port": "8443"}, "http://shop.example:40123/img/a.png?v=1&Name=a%2Ab"),
    ],
)  # fmt: skip
def test_redirects_reuse_parts_of_the_url(config, location):
    """Reserved words are filled in; a port of this load balancer's own listeners becomes the local one."""
    action = {"Type": "redirect", "RedirectConfig": config}
    assert redirect_location(action, seen(), protocol="HTTP", port=80, local_ports={8443: 40123}) == location
