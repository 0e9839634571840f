"""policy/exceptions.py: what an exception covers, and which files are refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from policy import exceptions
from policy.exceptions import Excepted, ExceptionsError

TODAY = date(2026, 6, 1)


@dataclass(frozen=True)
class Finding:
    """What a rule found."""

    id: str
    resource: str
    stack: str = "prod"


def excepted(stack: str = "*", until: date | None = None) -> Excepted:
    """An exception from CKV_1 for all buckets."""
    made = date(2026, 1, 1)
    return Excepted(id="CKV_1", resource="*-bucket", reason="so", date=made, owner="us", stack=stack, until=until)


def test_an_exception_covers_one_rule_on_the_resources_that_it_names():
    """Another rule, another resource and another stack are left."""
    good = Finding("CKV_1", "store-bucket")
    left = [Finding("CKV_2", "store-bucket"), Finding("CKV_1", "store-policy"), Finding("CKV_1", "x-bucket", "dr")]
    judged = exceptions.judge([good, *left], [excepted(stack="prod")], TODAY)
    assert judged.left == tuple(left)
    assert judged.excepted == ((good, excepted(stack="prod")),)
    assert not judged.unused


def test_an_exception_that_matches_nothing_is_told():
    """What it was for is fixed, or is called otherwise now."""
    assert exceptions.judge([Finding("CKV_2", "a-bucket")], [excepted()], TODAY).unused == (excepted(),)


def test_an_exception_ends_with_its_last_day():
    """On that day it holds; the day after, the finding is back, and the exception matches nothing."""
    last, past = excepted(until=TODAY), excepted(until=date(2026, 5, 31))
    found = [Finding("CKV_1", "a-bucket")]
    assert not exceptions.judge(found, [last], TODAY).left
    judged = exceptions.judge(found, [past], TODAY)
    assert judged.left == tuple(found)
    assert judged.unused == (past,)


def test_the_committed_file_is_read():
    """Each exception in the repository has all that it must have."""
    assert all(len(each.reason) > 20 for each in exceptions.read())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1", "must be a list"),
        ("- 1", "exception 1: must have id, resource, reason, date, owner"),
        ("- {id: A, resource: b, reason: c, date: 2026-01-01}", "exception 1: has no owner"),
        ("- {id: A, resource: b, reason: c, date: soon, owner: d}", "date must be a day such as 2026-01-31, is 'soon'"),
        ("- {id: A, resource: b, reason: c, date: 2026-01-01, owner: d, why: e}", "has an unknown field 'why'"),
        ("- {id: A, resource: 1, reason: c, date: 2026-01-01, owner: d}", "resource must be text, is 1"),
        ("- &a {id: A, resource: b, reason: c, date: 2026-01-01, owner: d}\n- *a", "A on b is there twice"),
        ("- [", "can't be read"),
    ],
)
def test_a_file_that_is_not_as_it_has_to_be_is_refused(text: str, said: str, tmp_path: Path):
    """The error names the entry and the field."""
    file = tmp_path / "exceptions.yaml"
    file.write_text(text)
    with pytest.raises(ExceptionsError, match=said.replace("[", r"\[")):
        exceptions.read(file)
