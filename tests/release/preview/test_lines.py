"""Tests of release/preview/lines.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from release.preview import events, lines
from release.preview.steps import SECRET, UNKNOWN, Change
from release.preview.touched import GROUP, LAUNCH_TEMPLATE
from tests.release.preview.builders import step

DATA = Path(__file__).with_name("data")


def shown(*changes: Change, **more: Any) -> list[str]:
    return [lines.as_text(line) for line in lines.of(step(*changes, **more))]


def test_a_deploy_changes_only_what_says_which_release_it_is():
    """Description, tags, SHA and digest in the user data, and the version that the group launches."""
    steps = events.read((DATA / "new-sha.jsonl").read_text(encoding="utf-8")).steps
    assert [len(lines.of(each)) for each in steps] == [5, 1]
    assert all(line.release for each in steps for line in lines.of(each))


def test_a_policy_is_taken_apart():
    """A document in text is compared as what it says; the order of a list says nothing."""
    old = {"Statement": [{"Sid": "a", "Action": ["s3:Get", "s3:Put"]}, {"Sid": "b", "Action": "x"}]}
    new = {"Statement": [{"Sid": "b", "Action": "x"}, {"Sid": "a", "Action": ["s3:Put", "s3:Get", "s3:*"]}]}
    change = Change(path="policy", before=json.dumps(old), after=json.dumps(new))
    assert shown(change) == ["policy.Statement[1].Action: s3:* (new)"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (1, 2, "p: 1 → 2"),
        (True, None, "p: true (removed)"),
        (None, {"a.b": 1, "c": 2}, 'p["a.b"]: 1 (new)'),
        (SECRET, SECRET, "p: another secret value"),
        ("1", UNKNOWN, "p: 1 → known only during up"),
        ([1, 2], [2, 1], "p: [1, 2] → [2, 1]"),
        ("a", ["a"], 'p: a → ["a"]'),
        ({"a": 1}, {"a": UNKNOWN}, "p.a: 1 → known only during up"),
    ],
)
def test_how_a_change_reads(before: Any, after: Any, said: str):
    """Before and after, or what is new, removed, secret or not known yet."""
    assert shown(Change(path="p", before=before, after=after))[0] == said


def test_user_data_that_is_not_known_yet():
    """It names what is made only then, such as the version of a changed secret."""
    kind = LAUNCH_TEMPLATE
    assert shown(Change(path="userData", before="YQ==", after=UNKNOWN), kind=kind) == [
        "user data: what changes in it is known only during up"
    ]


def test_the_group_of_several_instance_types():
    """Its template's version lies deeper, and is no less a matter of each deploy."""
    path = "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version"
    (line,) = lines.of(step(Change(path=path, before="1", after="2"), kind=GROUP))
    assert line.release


def test_what_is_created_has_all_its_inputs():
    """And what is deleted, as gone."""
    assert shown(op="create", new={"name": "n", "tags": {"a": "b"}}) == ["name: n (new)", "tags.a: b (new)"]
    assert shown(op="delete", old={"name": "n"}) == ["name: n (removed)"]
