"""policy/resource.py: how rules reach inputs, neighbours and the statements of IAM policies."""

from __future__ import annotations

from typing import Any

import pytest

from policy.resource import SECRET, UNKNOWN, Resource, known, many, statements

GROUP = Resource(
    urn="urn:pulumi:prod::slipway::aws:autoscaling/group:Group::web-group",
    type="aws:autoscaling/group:Group",
    name="web-group",
    props={"launchTemplate": {"version": "3"}, "tags": [{"key": "Name"}], "minSize": 0},
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("launchTemplate.version", "3"),
        ("tags[0].key", "Name"),
        ("tags[1].key", None),
        ("launchTemplate.version.more", None),
        ("minSize", 0),
        ("maxSize", None),
    ],
)
def test_an_input_is_read_by_its_path(path: str, found: Any):
    """Whatever is missing on the way gives the default, not an error."""
    assert GROUP.get(path) == found


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", True), (0, True), ({"a": [UNKNOWN]}, False), (f'{{"Resource": "{UNKNOWN}/*"}}', False)],
)
def test_what_is_known(value: Any, expected: bool):
    """One unknown value within makes the whole unknown, also in the middle of a text."""
    assert known(value) is expected


def test_statements_of_a_policy():
    """IAM lets a single statement stand without a list; a secret or unknown policy has none that could be read."""
    assert [found["Sid"] for found in statements('{"Statement": {"Sid": "one"}}')] == ["one"]
    assert [found["Sid"] for found in statements('{"Statement": [{"Sid": "one"}, {"Sid": "two"}]}')] == ["one", "two"]
    assert not [*statements(SECRET), *statements(UNKNOWN), *statements(None)]


def test_one_or_many():
    """Actions and resources are a text or a list of texts."""
    assert (many("s3:*"), many(["a", "b"]), many(None)) == (("s3:*",), ("a", "b"), ())
