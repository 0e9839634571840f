"""Tests of release/preview/sentence.py and words.py: the one line that everybody reads."""

from __future__ import annotations

import pytest

from release.preview import sentence, words
from release.preview.document import Preview
from release.preview.drift import Drift, Drifted
from release.preview.events import Message, Violation
from release.preview.refusals import Refusals
from release.rollout.estimate import Took
from tests.release.preview.builders import facts, preview, rolled, step

GONE = Drifted(urn="u", type="t", name="n", gone=True)
ROLE = "aws:iam/role:Role"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (preview(), "Nothing changes."),
        (
            preview(rolled("web"), rolled("api"), fleets=(facts("web"), facts("api", instances=6))),
            "2 of 3 fleets change (`web` and `api`): 9 instances are replaced in 3 steps, about 14 min; "
            "nothing is deleted.",
        ),
        (
            preview(rolled("web"), fleets=(facts("web", instances=1, steps=1, took=None),), total=1),
            "Fleet `web` changes: 1 instance is replaced in 1 step; nothing is deleted.",
        ),
        (
            preview(rolled("a"), rolled("b"), fleets=(facts("a", instances=None, steps=None), facts("b")), total=2),
            "All 2 fleets change: instances are replaced, about 14 min; nothing is deleted.",
        ),
        (
            preview(step(), step(op="create", name="y"), step(op="create", name="z")),
            "No instance is replaced; 2 resources are created and 1 is changed; nothing is deleted.",
        ),
        (
            preview(step(op="replace"), step(op="delete", name="y"), step(op="delete", name="z")),
            "No instance is replaced; **1 resource is replaced and 2 resources are deleted**.",
        ),
        (
            preview(step(op="create", kind=ROLE), fleets=(facts("api", "created", old=None, took=None),)),
            "No instance is replaced; fleet `api` is made with 3 instances; 1 resource is created; nothing is deleted.",
        ),
        (preview(step(op="create", kind="slipway:fleet:Fleet")), "Nothing changes."),
        (preview(drift=Drift(drifted=(GONE,))), "Nothing changes; 1 resource was changed in AWS by hand."),
        (
            preview(refusals=Refusals(certain=("a rollback by hand",))),
            "Nothing changes; as things are, `up` will refuse it (1 reason).",
        ),
        (
            preview(said={"complete": False, "messages": (Message(severity="error", text="no"),)}),
            "`pulumi preview` failed, and so would `up`, for the reasons below.",
        ),
        (
            preview(said={"violations": (Violation(pack="p", rule="r", level="mandatory", message="m"),)}),
            "`up` will refuse this: 1 mandatory rule is broken.",
        ),
    ],
)
def test_the_sentence(found: Preview, said: str):
    """Instances first, then other resources, then what is lost, each with the number that it needs."""
    assert sentence.of(found) == said


@pytest.mark.parametrize(
    ("token", "one", "many"),
    [
        ("aws:ec2/launchTemplate:LaunchTemplate", "launch template", "launch templates"),
        ("aws:autoscaling/policy:Policy", "scaling policy", "scaling policies"),
        ("aws:iam/rolePolicy:RolePolicy", "policy of an IAM role", "policies of IAM roles"),
        ("aws:route53/healthCheck:HealthCheck", "health check", "health checks"),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "bucket public access block",
            "bucket public access blocks",
        ),
    ],
)
def test_types_in_words(token: str, one: str, many: str):
    """As people call them, one and many."""
    assert (words.kind(token), words.plural(words.kind(token))) == (one, many)


def test_lists_in_words():
    """With commas and one `and`."""
    assert [words.listed(["a", "b", "c"][:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_the_longest_fleet_decides():
    """Fleets roll side by side."""
    both = (facts("web", took=Took(seconds=60, rollouts=1)), facts("api", took=Took(seconds=1200, rollouts=1)))
    assert "about 20 min" in sentence.of(preview(rolled("web"), rolled("api"), fleets=both))
