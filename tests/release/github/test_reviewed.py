"""What was reviewed on the pull requests that a deploy brings, against a server that speaks GitHub's API."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from release.__main__ import main
from release.github import reviewed
from release.github.api import GitHub
from release.preview import fingerprint
from release.preview.steps import Change, Step
from tests.release.github.hub import REPOSITORY, TOKEN, Hub, environment

MERGED, BEFORE, HEAD = "c" * 40, "a" * 40, "b" * 40


def made(name: str, stack: str = "prod") -> fingerprint.Fingerprint:
    changes = (Change(path="maxSize", before=6, after=8),)
    urn = f"urn:pulumi:{stack}::slipway::aws:autoscaling/group:Group::{name}"
    return fingerprint.of(stack, [Step(op="update", urn=urn, type="g", name=name, changes=changes, old={}, new={})])


def previewed(hub: Hub, number: int, head: str, document: str | None, **other: Any) -> None:
    """Have a merged pull request with a preview's run and its artifact; `other` are the run's and the artifact's."""
    run = {"id": number * 10, "event": "pull_request", "head_sha": head, "path": reviewed.WORKFLOW}
    run |= {"conclusion": "success", "head_repository": {"full_name": REPOSITORY}}
    run |= {name: value for name, value in other.items() if name in run}
    hub.runs.append(run)
    left = {"id": number * 100, "name": "slipway-reviewed-prod", "expired": False}
    hub.artifacts[number * 10] = [left | {name: value for name, value in other.items() if name in left}]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("preview.md", "<!-- slipway:preview stack=prod -->\n")
        if document is not None:
            archive.writestr("reviewed.json", document)
    hub.archives[number * 100] = packed.getvalue()


def merged(hub: Hub, sha: str, number: int, head: str, *, merged_at: str | None = "2026-01-01T00:00:00Z") -> None:
    hub.pulls.setdefault(sha, []).append({"number": number, "head": {"sha": head}, "merged_at": merged_at})


def found(github: GitHub, *shas: str) -> list[reviewed.Reviewed]:
    return list(reviewed.find(github, "prod", list(shas), approved=reviewed.guarded(github)))


def test_the_preview_of_a_squashed_pull_request(hub: Hub, github: GitHub):
    """By the merged commit, its pull request; by that one's last commit, the run; of that, the artifact."""
    document = fingerprint.to_json(made("web"))
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, document)
    assert found(github, MERGED) == [reviewed.Reviewed(number=42, head=HEAD, document=document)]


def test_the_token_does_not_reach_where_artifacts_lie(hub: Hub, github: GitHub):
    """GitHub sends on to another host, whose address is signed."""
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, "{}")
    found(github, MERGED)
    assert hub.tokens[-1] == ("/blobs/4200", None)
    assert all(token == f"Bearer {TOKEN}" for _, token in hub.tokens[:-1])


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"event": "push"}, "nothing previewed its last commit"),
        ({"path": ".github/workflows/forged.yml"}, "nothing previewed its last commit"),
        ({"head_sha": "d" * 40}, "nothing previewed its last commit"),
        ({"head_repository": {"full_name": "mallory/shop"}}, "nothing previewed its last commit"),
        ({"head_repository": None}, "nothing previewed its last commit"),
        ({"conclusion": "failure"}, "its preview did not succeed"),
        ({"expired": True}, "GitHub does not keep its preview any more"),
        ({"name": "slipway-reviewed-dr"}, "its preview was not of stack prod"),
    ],
)
def test_what_is_not_this_preview_is_not_taken(hub: Hub, github: GitHub, other: dict[str, Any], why: str):
    """Another workflow's artifact, a fork's, another commit's, a failed one's, an expired one's."""
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, "{}", **other)
    (only,) = found(github, MERGED)
    assert only.document is None
    assert why in only.why


def test_with_reviewers_only_what_one_of_them_let_run_is_taken(hub: Hub, github: GitHub):
    """A second pull request with the same last commit has a run that looks alike, and that nobody approved."""
    hub.environments = [
        {"name": "prod", "protection_rules": [{"type": "required_reviewers"}]},
        {"name": "preview", "protection_rules": [{"type": "wait_timer"}, {"type": "required_reviewers"}]},
    ]
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, "{}")
    previewed(hub, 43, HEAD, "forged")
    assert found(github, MERGED)[0].why == "no reviewer of the environment preview let its preview run"
    hub.approvals[430] = [
        {"state": "rejected", "environments": [{"name": "preview"}]},
        {"state": "approved", "environments": [{"name": "other"}]},
    ]
    hub.approvals[420] = [{"state": "approved", "environments": [{"name": "preview"}]}]
    assert found(github, MERGED)[0].document == "{}"


@pytest.mark.parametrize("rules", [None, [], [{"type": "branch_policy"}]])
def test_without_reviewers_nobody_is_asked_for(hub: Hub, github: GitHub, rules: list[dict[str, str]] | None):
    """Then there is no approval; the command warns of it."""
    hub.environments = [{"name": "preview", "protection_rules": rules}]
    assert not reviewed.guarded(github)


def test_the_workflow_may_be_named_with_its_ref(hub: Hub, github: GitHub):
    """As GitHub's documentation shows it."""
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, "{}", path=f"{reviewed.WORKFLOW}@refs/pull/42/merge")
    assert found(github, MERGED)[0].document == "{}"


def test_a_refused_preview_left_nothing_to_compare(hub: Hub, github: GitHub):
    """It wrote a page, and no fingerprint."""
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, None)
    assert "was refused" in found(github, MERGED)[0].why


def test_an_artifact_that_is_no_archive(hub: Hub, github: GitHub):
    """It counts as nothing, and ends nothing."""
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, "{}")
    hub.archives[4200] = b"no zip"
    assert "can't be unpacked" in found(github, MERGED)[0].why


def test_a_document_that_grows_as_it_is_unpacked(hub: Hub, github: GitHub):
    """It is read only as far as it may be large."""
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, " " * 6_000_000)
    assert "over 5,000,000 bytes" in found(github, MERGED)[0].why


def test_pull_requests_that_were_not_merged_do_not_count(hub: Hub, github: GitHub):
    """One that only has the same commit is somebody's proposal."""
    merged(hub, MERGED, 42, HEAD, merged_at=None)
    previewed(hub, 42, HEAD, "{}")
    assert found(github, MERGED) == []


def test_the_last_deploy_is_one_that_succeeded(hub: Hub, github: GitHub):
    """Of the stack's environment; the deploy that is asking has not ended."""
    assert reviewed.last_deploy(github, "prod") is None
    hub.deployments = [
        {"id": 4, "sha": "4" * 40, "environment": "prod"},
        {"id": 3, "sha": "3" * 40, "environment": "preview"},
        {"id": 2, "sha": "2" * 40, "environment": "prod"},
        {"id": 1, "sha": "1" * 40, "environment": "prod"},
    ]
    hub.statuses = {4: [{"state": "in_progress"}], 3: [{"state": "success"}], 2: [{"state": "failure"}]}
    hub.statuses[1] = [{"state": "inactive"}, {"state": "success"}]
    assert reviewed.last_deploy(github, "prod") == "1" * 40


def test_the_command_joins_what_was_merged_since(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Two pull requests since the last deploy, one without a preview: a document that `preview --reviewed` takes."""
    for name, value in environment(hub).items():
        monkeypatch.setenv(name, value)
    hub.deployments = [{"id": 1, "sha": BEFORE, "environment": "prod"}]
    hub.statuses = {1: [{"state": "success"}]}
    hub.compared[f"{BEFORE}...{MERGED}"] = [{"sha": "d" * 40}, {"sha": "e" * 40}, {"sha": MERGED}]
    for number, (sha, name) in enumerate(((MERGED, "web"), ("e" * 40, "api")), 41):
        merged(hub, sha, number, str(number)[-1] * 40)
        previewed(hub, number, str(number)[-1] * 40, fingerprint.to_json(made(name)))
    merged(hub, "d" * 40, 43, "f" * 40)
    file = tmp_path / "reviewed.json"
    assert main(["reviewed", "--stack", "prod", "--commit", MERGED, "--out", str(file)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("2 reviewed steps of 2 pull requests: sha256:")
    assert "pull request #43 (ffffffffffff): nothing previewed its last commit" in said.err
    assert "the environment preview has no reviewers" in said.err
    read = fingerprint.from_json(file.read_text())
    assert [step.urn.rpartition("::")[2] for step in read.steps] == ["api", "web"]
    assert fingerprint.check([read], made("web")) == ()
    assert json.loads(file.read_text())["digest"] == read.digest


def test_a_document_of_another_stack_is_an_error(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Whatever the artifact is called."""
    for name, value in environment(hub).items():
        monkeypatch.setenv(name, value)
    merged(hub, MERGED, 42, HEAD)
    previewed(hub, 42, HEAD, fingerprint.to_json(made("web", "dr")))
    assert main(["reviewed", "--stack", "prod", "--commit", MERGED, "--out", str(tmp_path / "r")]) == 1
    assert "is of stack dr, and this is stack prod" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("given", [[], ["--commit", "main"], ["--commit", MERGED, "--since", "HEAD~1"]])
def test_what_is_no_sha_is_refused(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: list[str]
):
    """A name may be another commit by the time that it is looked up."""
    for name, value in environment(hub).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_SHA", raising=False)
    assert main(["reviewed", "--stack", "prod", "--out", str(tmp_path / "r"), *given]) == 1
    assert "is not a full SHA" in capsys.readouterr().err
    assert hub.asked == []
