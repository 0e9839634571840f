"""Previews of the changes that people make, each kept in docs/previews/ and compared with what `pulumi up` then did.

One story: each change starts from what the one before left. With WRITE_EXAMPLES=1 in the environment the pages are
written anew; otherwise they have to be as they are kept, but for ids, commits and times.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from release.preview import events
from release.preview.document import Preview
from release.preview.events import Previewed
from tests.engine.conftest import GROUP, PROJECT, REGION, Ran, Sandbox, commit, fresh_sandbox
from tests.release.preview import valid

pytestmark = [pytest.mark.engine, pytest.mark.reliability]

EXAMPLES = PROJECT / "docs" / "previews"
SETTINGS = "Pulumi.sandbox.yaml"
SECRETS = ("swordfish-before", "swordfish-after")
_DONE = re.compile(r"^[-+~±] (create|update|replace|delete) .* (\S+)$", re.MULTILINE)
_VARIES = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "<digest>"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "<sha>"),
    (re.compile(r"sha256:[0-9a-f]{12}"), "<fingerprint>"),
    (re.compile(r"\b([a-z]+)-[0-9a-f]{17}\b"), r"\1-<id>"),
    (re.compile(r"/[0-9a-f]{16}\b"), "/<id>"),
    (re.compile(r"by \S+ at \d{4}-\d\d-\d\d \d\d:\d\d UTC"), "by <somebody>"),
    (re.compile(r"about \d+ (s|min)"), "about <time>"),
    (re.compile(r"(?<![\w-])[0-9a-f]{7}\b"), "<sha>"),
    (re.compile(r"boot script: [0-9a-f]{8}"), "boot script: <crc>"),
)


def normal(page: str) -> str:
    """The page without what is another in each run."""
    for pattern, name in _VARIES:
        page = pattern.sub(name, page)
    return page


class Story:
    """A sandbox, the commit that is deployed, and what was said of all that was done."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.sha = ""
        self.said: list[str] = []

    def set(self, path: str, value: object) -> None:
        """Writes a setting into the stack's file."""
        file = self.sandbox.checkout / SETTINGS
        content = yaml.safe_load(file.read_text())
        *above, last = ["config", *path.split("/")]
        place = content
        for key in above:
            place = place.setdefault(key, {})
        place[last] = value
        file.write_text(yaml.safe_dump(content, sort_keys=False))

    def secret(self, value: str) -> None:
        path = "slipway:fleets.web.secrets.SESSION_KEY"
        ran = self.run(f"pulumi config set --stack sandbox --secret --path {path} {value}")
        assert ran.code == 0, ran.said

    def run(self, command: str) -> Ran:
        """Runs a command in the sandbox's shell, for this commit."""
        ran = self.sandbox.shell(f"export SLIPWAY_SHA={self.sha}; {command}")
        self.said.append(ran.said)
        return ran

    def preview(self, *options: str) -> tuple[int, str]:
        """The exit status and the page."""
        folder = self.sandbox.checkout / ".sandbox"
        page, mark = folder / "preview.md", folder / "fingerprint.json"
        command = f"{sys.executable} -m release preview --stack sandbox --markdown --fingerprint {mark}"
        ran = self.run(f"{command} {shlex.join(options)} >{page}")
        found = page.read_text(encoding="utf-8")
        self.said += [found, mark.read_text() if mark.exists() else ""]
        return ran.code, found

    def up(self, *options: str) -> tuple[int, Previewed]:
        """`pulumi up`: its exit status, and its steps."""
        command = f"pulumi up --stack sandbox --yes --skip-preview --non-interactive --json {shlex.join(options)}"
        ran = self.run(f"{command} 2>/dev/null")
        return ran.code, events.read(ran.said)

    def example(self, name: str) -> str:
        """Previews and applies; the page has to be the one that is kept, and to name exactly what was then done."""
        code, page = self.preview()
        assert code == 0, page
        kept(name, page)
        status, done = self.up()
        assert status == 0, done.errors
        assert named(page) == {(step.op, step.name) for step in Preview(stack="sandbox", previewed=done).steps}
        return page


def named(page: str) -> set[tuple[str, str]]:
    """What the full diff names."""
    return set(_DONE.findall(page.partition("<summary>Full diff")[2]))


def kept(name: str, page: str) -> None:
    """Compares a page with the example of that name, or writes it."""
    valid.check(page)
    file = EXAMPLES / f"{name}.md"
    if os.environ.get("WRITE_EXAMPLES"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(page, encoding="utf-8")
    assert normal(page) == normal(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A fleet in two zones with a secret, at a first commit."""
    with fresh_sandbox(tmp_path_factory.mktemp("slipway")) as sandbox:
        told = Story(sandbox)
        told.set("slipway:network/zones", 2)
        web = "slipway:fleets/web"
        told.set(f"{web}/size", {"min": 2, "max": 4})
        told.set(f"{web}/environment", {"LOG_LEVEL": "info"})
        told.set(f"{web}/rollout/maxHealthyPercentage", 150)
        told.sha = commit(sandbox.checkout, "Open the shop")
        ran = sandbox.up(told.sha)
        assert ran.code == 0, ran.said
        told.secret(SECRETS[0])
        code, done = told.up()
        assert code == 0, done.errors
        yield told


def test_nothing(story: Story):
    """One sentence and no heading."""
    assert "Nothing changes." in story.example("nothing")


def test_a_new_release(story: Story):
    """The commits between, and no list of changes: the release is in the table."""
    for subject in ("Show how many there are left", "Sort by price"):
        story.sha = commit(story.sandbox.checkout, subject)
    page = story.example("new-release")
    assert "Fleet `web` changes: 2 instances are replaced in 2 steps, about " in page
    assert "2 commits since" in page


def test_a_size(story: Story):
    """No instance is replaced."""
    story.set("slipway:fleets/web/size", {"min": 3, "max": 6})
    assert "No instance is replaced; 1 resource is changed; nothing is deleted." in story.example("size")


def test_a_zone(story: Story):
    """Subnets and routes are made; the fleet stays."""
    story.set("slipway:network/zones", 3)
    assert "No instance is replaced;" in story.example("zone-added")


def test_an_instance_type(story: Story):
    """All instances are replaced, the release stays, a variable reads as a person would say it, and it costs more."""
    story.set("slipway:fleets/web/instanceTypes", ["t3.large"])
    story.set("slipway:fleets/web/environment", {"LOG_LEVEL": "debug"})
    page = story.example("instance-type")
    assert "`LOG_LEVEL: info → debug`" in page
    assert "`instanceType: t3.small → t3.large`" in page
    assert ", as before |" in page


def test_a_secret(story: Story):
    """That it changes is said, and neither value."""
    story.secret(SECRETS[1])
    assert "another secret value" in story.example("secret")


def test_a_route(story: Story):
    """A rule of the load balancer."""
    story.set("slipway:fleets/web/routes", {"paths": ["/*", "/admin/*"]})
    story.example("route-added")


def test_something_changed_by_hand(story: Story):
    """Told apart, with what undoes it, which then does."""
    scaling = story.sandbox.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MaxSize=9)
    code, page = story.preview()
    assert code == 0
    kept("changed-by-hand", page)
    assert "Nothing changes; 1 resource was changed in AWS by hand." in page
    assert story.up()[0] == 0
    assert _largest(story.sandbox) == 9
    assert story.up("--refresh")[0] == 0
    assert _largest(story.sandbox) == 6


def _largest(sandbox: Sandbox) -> int:
    groups = sandbox.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    return groups["AutoScalingGroups"][0]["MaxSize"]


def test_a_bucket(story: Story):
    """The store is another one: what was published stays behind, and that is said first."""
    s3 = story.sandbox.client("s3")
    s3.create_bucket(Bucket="shop-releases", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="shop-releases", VersioningConfiguration={"Status": "Enabled"})
    story.set("slipway:artifacts", {"bucket": "shop-releases"})
    page = story.example("bucket-renamed")
    assert page.index("#### Deleted") < page.index("#### Changed")


def test_a_rollback_by_hand(story: Story):
    """What `up` will refuse is said, and it does."""
    before = story.sha
    story.sha = commit(story.sandbox.checkout, "Try another basket")
    assert story.up()[0] == 0
    ran = story.run(f"{sys.executable} -m release rollback --stack sandbox --to {before}")
    assert ran.code == 0, ran.said
    code, page = story.preview()
    kept("rolled-back", page)
    assert (code, "as things are, `up` will refuse it (1 reason)" in page) == (0, True)
    status, done = story.up()
    assert status != 0
    assert "it was changed outside of the stack" in " ".join(error.text for error in done.errors)


def test_no_secret_anywhere(story: Story):
    """In no page, fingerprint, plan, log, output, launch template, report or state is either value, in any form."""
    plan = story.sandbox.checkout / ".sandbox" / "plan.json"
    story.preview("--save-plan", str(plan))
    state = story.run("pulumi stack export --stack sandbox").said
    document = story.run(f"{sys.executable} -m release preview --stack sandbox --json --no-drift").said
    assert json.loads(document[document.index("{") :])["stack"] == "sandbox"
    story.run(f"pulumi stack export --stack sandbox | {sys.executable} -m policy --export - --strict --json")
    logs = [path.read_text(errors="replace") for path in Path(story.sandbox.checkout / ".sandbox").glob("*.log")]
    haystack = [*story.said, state, plan.read_text(), *logs, *_user_data(story.sandbox)]
    assert any("another secret value" in said for said in haystack)
    for value in SECRETS:
        for form in _forms(value.encode()):
            assert not [said[:200] for said in haystack if form in said]


def _user_data(sandbox: Sandbox) -> list[str]:
    """What each version of the launch template tells instances, in plain text."""
    answer = sandbox.client("ec2").describe_launch_template_versions(LaunchTemplateName=GROUP)
    found = [each["LaunchTemplateData"]["UserData"] for each in answer["LaunchTemplateVersions"]]
    assert found
    return [base64.b64decode(each).decode() for each in found]


def _forms(value: bytes) -> Iterator[str]:
    """The value plain, in hex, and in base64 wherever in the text that was encoded it stood."""
    yield value.decode()
    yield value.hex()
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + value).decode().rstrip("=")
        yield encoded[(4 * before + 2) // 3 : -1]  # the characters that are of the value alone


def test_the_search_finds_each_form():
    """What is looked for is found in base64 at each of the three places that a value can begin."""
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + SECRETS[0].encode() + b" and more").decode()
        assert sum(form in encoded for form in _forms(SECRETS[0].encode())) == 1
