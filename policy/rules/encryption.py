"""Keys, and what is encrypted with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.resource import Resource, many, statements
from policy.rule import Rules
from policy.rules import types

rules = Rules()


@rules.alone(
    "key-rotated",
    "A key is rotated every year",
    types=[types.KEY],
    controls=["CKV_AWS_7", "CKV2_AWS_67"],
    level="advisory",
    fix="set enableKeyRotation to true",
)
def rotated(key: Resource) -> Iterator[str]:
    """Only symmetric keys can be: KMS user guide, "Rotate AWS KMS keys"."""
    if key.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT" and not key.get(
        "enableKeyRotation"
    ):
        yield "it is never rotated"


@rules.alone(
    "key-policy",
    "A key is not everybody's",
    types=[types.KEY],
    controls=["CKV_AWS_33"],
    level="mandatory",
    fix="name the accounts or roles in the key's policy",
)
def key_policy(key: Resource) -> Iterator[str]:
    for statement in statements(key.get("policy")):
        principal = statement.get("Principal")
        everybody = principal == "*" or (isinstance(principal, Mapping) and "*" in many(principal.get("AWS")))
        if statement.get("Effect") == "Allow" and everybody and not statement.get("Condition"):
            yield "its policy lets every account of AWS in"


@rules.alone(
    "topic-encrypted",
    "A topic keeps its messages encrypted",
    types=[types.TOPIC],
    controls=["CKV_AWS_26"],
    level="advisory",
    fix="set kmsMasterKeyId",
)
def topic_encrypted(topic: Resource) -> Iterator[str]:
    if not topic.get("kmsMasterKeyId"):
        yield "messages lie there in plain text"
