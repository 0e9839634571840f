"""A git commit becomes a fleet, and another one replaces it: the real engine, real processes, real HTTP.

These tests are one story and run in this order: each starts from what the one before has left.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import shlex
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.engine.conftest import Load, Sandbox, commit, git
from tests.engine.forger import Forger

pytestmark = pytest.mark.engine

SERVING = re.compile(r"serving ([0-9a-f]{40}) at (http://127\.0\.0\.1:\d+)")


def sha(sandbox: Sandbox, ref: str) -> str:
    return git(sandbox.checkout, "rev-parse", ref)


def test_up_serves_the_commit(sandbox: Sandbox):
    """`make up SHA=HEAD~1` ends with a page that shows that commit, served in three zones."""
    ran = sandbox.up("HEAD~1")
    assert ran.code == 0, ran.said
    said = SERVING.fullmatch(ran.last)
    assert said, ran.last
    assert said.group(1) == sha(sandbox, "HEAD~1")
    with urllib.request.urlopen(said.group(2), timeout=10) as page:
        assert said.group(1) in page.read().decode()
    assert len(set(sandbox.instances().values())) == 3


def test_a_pull_request_leaves_a_fingerprint(sandbox: Sandbox):
    """Of one more instance at most, and of nothing that names its commit; the stack is as before."""
    with pull_request(sandbox, "size.max", 7):
        ran = sandbox.shell(
            f"SLIPWAY_SHA={sha(sandbox, 'HEAD')} python -m release preview --no-drift --fingerprint reviewed.json"
        )
    assert ran.code == 0, ran.said
    said = (sandbox.checkout / "reviewed.json").read_text()
    assert [(step["urn"].rpartition("::")[2], step["changes"]) for step in json.loads(said)["steps"]] == [
        ("web-group", [{"path": "maxSize", "before": 6, "after": 7}])
    ]
    assert sha(sandbox, "HEAD") not in said
    assert sandbox.serves() == sha(sandbox, "HEAD~1")


def hook(sandbox: Sandbox, name: str, command: str) -> None:
    ran = sandbox.shell(f"pulumi config set --path slipway:hooks.{name} {shlex.quote(command)}")
    assert ran.code == 0, ran.said


def test_a_hook_of_ones_own_stops_the_deploy(sandbox: Sandbox):
    """It knows what serves; nothing is replaced, and afterFailure is told why."""
    before, serving = sandbox.instances(), sandbox.serves()
    hook(sandbox, "beforeDeploy", 'echo "serves $SLIPWAY_FROM"; exit 4')
    hook(sandbox, "afterDeploy", 'echo "it $SLIPWAY_OUTCOME at $SLIPWAY_URL"')
    hook(sandbox, "afterFailure", 'echo "told: $SLIPWAY_OUTCOME $SLIPWAY_REASON"')
    ran = sandbox.up()
    assert ran.code != 0
    assert f"beforeDeploy: serves {serving}" in ran.said
    refusal = "hooks.beforeDeploy: ended with exit status 4. Nothing was replaced"
    assert f"afterFailure: told: failed {refusal}" in ran.said
    assert (sandbox.instances(), sandbox.refreshes()) == (before, [])
    hook(sandbox, "beforeDeploy", "echo ready")


def test_the_next_commit_replaces_every_instance_and_loses_no_request(sandbox: Sandbox):
    """While HEAD rolls out every answer is 200 and one of the two commits; afterwards only the new one serves.

    Meanwhile somebody says in the log group, in the name of strangers and of all instances, that it failed.
    """
    before = sandbox.instances()
    old, new = sha(sandbox, "HEAD~1"), sha(sandbox, "HEAD")
    load = Load(sandbox.url(), rate=100)
    with Forger(sandbox, new) as forger:
        ran = sandbox.up()
    answers = load.end()
    assert ran.code == 0, ran.said
    assert len(forger.streams) == 3 + 3 + 3
    assert answers["failed"] == {}
    assert set(answers["releases"]) == {old, new}
    after = sandbox.instances()
    assert not set(after) & set(before)
    assert len(set(after.values())) == 3
    assert sandbox.refreshes()[0]["Status"] == "Successful"
    assert {sandbox.serves() for _ in range(9)} == {new}
    assert f"afterDeploy: it succeeded at {sandbox.url()}" in ran.said
    assert sandbox.shell("pulumi config rm --path slipway:hooks").code == 0


def test_the_same_commit_again_changes_nothing(sandbox: Sandbox):
    """No refresh, no new instance, nothing published again."""
    store = sandbox.outputs()["bucket"]
    s3 = sandbox.client("s3")

    def versions() -> list[tuple[str, str]]:
        listed = s3.list_object_versions(Bucket=store, Prefix="releases/")["Versions"]
        return [(version["Key"], version["VersionId"]) for version in listed]

    before = (sandbox.instances(), sandbox.refreshes(), versions())
    ran = sandbox.up()
    assert ran.code == 0, ran.said
    assert (sandbox.instances(), sandbox.refreshes(), versions()) == before


def test_plain_pulumi_agrees(sandbox: Sandbox):
    """In the shell, a preview says unchanged and a refresh finds no drift."""
    preview = sandbox.shell("pulumi preview --diff --expect-no-changes --non-interactive")
    assert preview.code == 0, preview.said
    refresh = sandbox.shell("pulumi refresh --yes --expect-no-changes --skip-preview --non-interactive")
    assert refresh.code == 0, refresh.said


def test_an_up_that_leaves_the_rollout_out_says_so(sandbox: Sandbox):
    """With --target of something else nothing is waited for, and the ledger has no failure of it."""
    good, other = sandbox.serves(), sha(sandbox, "HEAD~1")
    urn = "urn:pulumi:sandbox::slipway::slipway:fleet:Fleet$aws:cloudwatch/logGroup:LogGroup::web-log-group"
    before = sandbox.shell("python -m release history --json").said
    ran = sandbox.shell(f"SLIPWAY_SHA={other} pulumi up --yes --skip-preview --non-interactive --target '{urn}'")
    assert ran.code == 0, ran.said
    assert f"{other} was not deployed, because this `pulumi up` left the fleet's rollout out" in ran.said
    assert sandbox.shell("python -m release history --json").said == before
    assert sandbox.serves() == good


def test_a_release_that_does_not_boot_fails_twice_and_the_old_one_serves(sandbox: Sandbox):
    """The exit code is not 0, the second `up` does not say unchanged, and the way back replaces nothing."""
    good = sha(sandbox, "HEAD")
    serving = set(sandbox.instances())
    procfile = sandbox.checkout / "examples" / "shop" / "Procfile"
    procfile.write_text("web: python3 -c 'raise SystemExit(\"no database\")'\n")
    bad = commit(sandbox.checkout, "three: broken")
    load = Load(sandbox.url(), rate=50)
    first, second = sandbox.up(), sandbox.up()
    answers = load.end()
    for ran in (first, second):
        assert ran.code != 0
        assert "Traceback" not in ran.said
        assert bad in ran.said
        assert "no database" in ran.said
        assert f"3 of 3 instances serve {good}" in ran.said
    assert answers == {"releases": {good: sum(answers["releases"].values())}, "failed": {}}
    back = sandbox.up(good)
    assert back.code == 0, back.said
    assert set(sandbox.instances()) == serving


def test_a_tampered_artifact_never_serves(sandbox: Sandbox):
    """What was changed in the bucket after it was published is refused by every instance, and `up` says so."""
    good = sandbox.serves()
    page = sandbox.checkout / "examples" / "shop" / "Procfile"
    git(sandbox.checkout, "checkout", "--quiet", good, "--", "examples/shop")
    page.write_text(page.read_text() + "\n")
    release = commit(sandbox.checkout, "four: harmless")
    published = sandbox.shell(f"python -m release publish {release} --directory examples/shop")
    assert published.code == 0, published.said
    store, key = sandbox.outputs()["bucket"], f"releases/{release}/artifact.tar.gz"
    sandbox.client("s3").put_object(Bucket=store, Key=key, Body=b"something else")
    ran = sandbox.up(release)
    assert ran.code != 0
    assert hashlib.sha256(b"something else").hexdigest() in ran.said
    assert sandbox.serves() == good


@pytest.mark.parametrize(
    ("ref", "mend"),
    [
        ("no-such-ref", "no-such-ref"),
        ("--upload-pack=x", "SLIPWAY_SHA"),
        ("HEAD:examples", "commit"),
        ("0" * 40, "0" * 40),
    ],
)
def test_a_bad_ref_is_refused_before_anything_changes(sandbox: Sandbox, ref: str, mend: str):
    """One clear error that names the ref, exit code not 0, and the fleet as it was."""
    before = (sandbox.instances(), sandbox.refreshes())
    ran = sandbox.up(ref)
    assert ran.code != 0
    assert "Traceback" not in ran.said
    assert mend in ran.said
    assert (sandbox.instances(), sandbox.refreshes()) == before


def test_what_was_reviewed_is_what_is_applied(sandbox: Sandbox):
    """Squashed into another commit, and others deployed since: it runs, held to Pulumi's plan as well.

    What somebody merged meanwhile is refused, naming the step, and nothing is changed. During the rollout the balancer
    answers with a page: the plan knows nothing of it, and the rollout leaves it; who is let through gets the app.
    """
    (sandbox.checkout / "squashed").write_text("in another commit")
    squashed, good = commit(sandbox.checkout, "squashed"), sandbox.serves()
    deploy = (
        f"SLIPWAY_SHA={squashed} python -m release preview --no-drift --reviewed reviewed.json --save-plan plan.json"
    )
    with pull_request(sandbox, "size.max", 7):
        with pull_request(sandbox, "drain", 7):
            refused = sandbox.shell(deploy)
        assert refused.code == 3, refused.said
        assert "not reviewed: update aws:lb/targetGroup:TargetGroup balancer-web" in refused.said
        assert "deregistrationDelay: 5 -> 7" in refused.said
        assert "maxSize: 6 -> 7" not in refused.said.partition("not reviewed")[2]
        assert sandbox.serves() == good
        closed = sandbox.shell("python -m release maintenance on --allow 127.0.0.2")
        assert closed.code == 0, closed.said
        load = Load(sandbox.url(), rate=20)
        ran = sandbox.shell(f"{deploy} && SLIPWAY_SHA={squashed} pulumi up --yes --skip-preview --plan plan.json")
    assert ran.code == 0, ran.said
    assert answer(sandbox.url()) == (503, "text/html; charset=utf-8", None)
    assert answer(sandbox.url(), client="127.0.0.2")[::2] == (200, squashed)
    assert answer(sandbox.url(), path="/healthz", agent="Amazon-Route53-Health-Check-Service (ref x)")[0] == 200
    assert "is in maintenance by " in ran.said
    drift = sandbox.shell("python -m release drift")
    assert (drift.code, "is in maintenance by " in drift.said) == (0, True), drift.said
    answers = load.end()
    assert (answers["releases"], set(answers["failed"])) == ({}, {"503"})
    assert sandbox.shell("python -m release maintenance off").code == 0
    assert sandbox.serves() == squashed


def answer(
    url: str, path: str = "/", client: str = "127.0.0.1", agent: str = "test"
) -> tuple[int, str | None, str | None]:
    """Status, type and release of an answer to a client of some address."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10, source_address=(client, 0))
    connection.request("GET", path, headers={"User-Agent": agent})
    shown = connection.getresponse()
    connection.close()
    return shown.status, shown.getheader("Content-Type"), shown.getheader("X-Release")


@contextmanager
def pull_request(sandbox: Sandbox, setting: str, value: object) -> Generator[None]:
    """Have the stack's file say something of the fleet otherwise for a while."""
    file = sandbox.checkout / "Pulumi.sandbox.yaml"
    before = file.read_text()
    ran = sandbox.shell(f"pulumi config set --path slipway:fleets.web.{setting} {value}")
    assert ran.code == 0, ran.said
    try:
        yield
    finally:
        file.write_text(before)
