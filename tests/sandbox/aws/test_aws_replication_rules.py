"""Which rules of a replication configuration take an object, and what S3 refuses about a configuration."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.s3.replication_rules import chosen, configuration, enabled, problems

ROLE = "arn:aws:iam::123456789012:role/r"


def rule(bucket: str = "b", **more: Any) -> dict[str, Any]:
    base = {"Status": "Enabled", "Priority": 1, "Filter": {"Prefix": "a/"}, "DeleteMarkerReplication": {}}
    return {**base, "Destination": {"Bucket": f"arn:aws:s3:::{bucket}"}, **more}


def taken(*rules: dict[str, Any], key: str = "a/1", encryption: str | None = None, **tags: str) -> list[str]:
    return [f"{each.bucket}{each.id}" for each in chosen(enabled({"Rules": list(rules)}), key, tags, encryption)]


def test_a_rule_takes_what_its_prefix_and_tags_say():
    """Only if it is enabled; of several for one bucket, the one with the highest priority."""
    assert taken(rule()) == ["b"]
    assert taken(rule(), key="b/1") == []
    assert taken(rule(Status="Disabled")) == []
    assert taken(rule(Filter={"Tag": {"Key": "k", "Value": "v"}}), k="v", x="y") == ["b"]
    assert taken(rule(Filter={"And": {"Prefix": "a", "Tags": [{"Key": "k", "Value": "v"}]}}), k="w") == []
    assert taken(rule(ID="1"), rule(ID="2", Priority=2), rule("c")) == ["b2", "c"]
    assert taken() == []


def test_what_kms_encrypts_needs_a_word_of_its_own():
    """SourceSelectionCriteria says that it is copied too."""
    criteria = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    assert taken(rule(), encryption="aws:kms") == []
    assert taken(rule(SourceSelectionCriteria=criteria), encryption="aws:kms") == ["b"]
    assert taken(rule(), encryption="AES256") == ["b"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([rule()], None),
        ([rule("mine")], "cannot be the same"),
        ([{key: value for key, value in rule().items() if key != "Priority"}], "Priority must be"),
        ([{key: value for key, value in rule().items() if key != "DeleteMarkerReplication"}], "DeleteMarkerRepl"),
        ([rule(), rule("c")], "duplicate priority"),
        (
            [rule(Filter={"Tag": {"Key": "k", "Value": "v"}}, DeleteMarkerReplication={"Status": "Enabled"})],
            "any Tag filter",
        ),
    ],
)
def test_what_s3_refuses(rules: list[dict[str, Any]], said: str | None):
    """In its words."""
    found = next(problems({"Role": ROLE, "Rules": rules}, "mine"), None)
    assert found is None if said is None else said in str(found)


def test_a_role_has_to_be_an_arn():
    """S3 checks the form, not whether the role is there."""
    assert "IAM role" in next(problems({"Role": "r", "Rules": [rule()]}, "mine"))


def test_the_xml_becomes_the_apis_form():
    """A single rule or tag is a list, numbers are numbers, and an empty element is an empty text or nothing."""
    tag = {"Key": "k", "Value": None}
    parsed = {
        "@xmlns": "x",
        "Role": ROLE,
        "Rule": {"Priority": "2", "Filter": {"And": {"Prefix": None, "Tag": tag}}, "Status": "Enabled"},
    }
    read = {"Priority": 2, "Filter": {"And": {"Prefix": "", "Tags": [{"Key": "k", "Value": ""}]}}, "Status": "Enabled"}
    assert configuration(parsed) == {"Role": ROLE, "Rules": [read]}
    assert configuration({"Role": ROLE, "Rule": [{"Filter": None}]}) == {"Role": ROLE, "Rules": [{"Filter": {}}]}
