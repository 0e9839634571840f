"""What a policy says of an action. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.iam.policy import Ask, allowing, decide

BUCKET = "arn:aws:s3:::store"


def allow(action: str | list[str], resource: str | list[str] = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def may(statements: list[dict[str, Any]], action: str, resource: str = f"{BUCKET}/a") -> bool:
    return decide(statements, Ask(action=action, resource=resource))


@pytest.mark.parametrize(
    ("statement", "action", "resource", "answer"),
    [
        (allow("s3:GetObject", f"{BUCKET}/*"), "s3:GetObject", f"{BUCKET}/a/b", True),
        (allow("s3:GetObject", f"{BUCKET}/*"), "s3:GetObject", BUCKET, False),
        (allow("s3:GetObject", f"{BUCKET}/*"), "s3:PutObject", f"{BUCKET}/a", False),
        (allow(["s3:getobject"], [f"{BUCKET}/?"]), "s3:GetObject", f"{BUCKET}/a", True),
        (allow("s3:Get*", "*"), "s3:GetObjectVersion", f"{BUCKET}/a", True),
        (allow("s3:*", f"{BUCKET}/A"), "s3:GetObject", f"{BUCKET}/a", False),
        ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, "s3:GetObject", BUCKET, False),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": BUCKET}, "s3:GetObject", f"{BUCKET}/a", True),
    ],
)
def test_actions_and_resources(statement: dict[str, Any], action: str, resource: str, answer: bool):
    assert may([statement], action, resource) is answer


def test_a_deny_wins_and_nothing_is_allowed_by_itself():
    everything, nothing = allow("*"), {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}
    assert may([everything, nothing], "s3:GetObject")
    assert not may([everything, nothing], "s3:PutObject")
    assert not may([], "s3:GetObject")


@pytest.mark.parametrize(
    ("condition", "context", "answer"),
    [
        ({"StringEquals": {"aws:ResourceTag/t": ["a", "b"]}}, {"aws:ResourceTag/t": "b"}, True),
        ({"StringEquals": {"aws:ResourceTag/t": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/t": "a"}}, {}, True),
        ({"StringNotEquals": {"aws:resourcetag/t": "a"}}, {"aws:ResourceTag/t": "a"}, False),
        ({"StringNotEquals": {"aws:ResourceTag/t": "a"}}, {}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:*:role/x-*"}}, {"aws:PrincipalArn": "arn:aws:iam::1:role/x-y"}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "true"}, False),
        ({"Null": {"aws:ResourceTag/t": "true"}}, {}, True),
        ({"Null": {"aws:ResourceTag/t": True}}, {"aws:ResourceTag/t": "a"}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ("a", "b")}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ("a", "b")}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {}, True),
        ({"StringEquals": {"a": "1"}, "Bool": {"b": "true"}}, {"a": "1", "b": "false"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, str | tuple[str, ...]], answer: bool):
    ask = Ask(action="s3:GetObject", resource=f"{BUCKET}/a", context=context)
    assert decide([allow("s3:*", Condition=condition)], ask) is answer


def test_what_is_not_understood_is_no_answer():
    with pytest.raises(ValueError, match="DateLessThan"):
        may([allow("s3:*", Condition={"DateLessThan": {"aws:CurrentTime": "2030-01-01"}})], "s3:GetObject")


def test_what_was_made_use_of_is_named_as_it_is_written():
    ask = Ask(action="s3:GetObject", resource=f"{BUCKET}/a")
    assert allowing([allow(["s3:Get*", "s3:List*"]), allow("s3:GetObject", "x")], ask) == ["s3:Get*"]
