"""What was reviewed on the pull requests that a deploy brings: the artifacts that their previews left.

Sources: GitHub's REST documentation of deployments, commits, workflow runs and artifacts.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from release.errors import GitHubError
from release.github.api import GitHub

WORKFLOW = ".github/workflows/preview.yml"
ENVIRONMENT = "preview"
"""That of the job that previews, whose reviewers let a pull request's code run."""
DOCUMENT = "reviewed.json"
_DEPLOYMENTS = 30
"""Of the environment, the newest, of which one is taken that succeeded."""
COMMITS = 100
"""Whose pull requests are looked for, at most: each costs a request."""
_LARGEST = 5_000_000
"""Bytes of a document."""


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """A pull request that was merged since the last deploy."""

    number: int
    head: str
    """The SHA that was previewed and reviewed: the last one before the merge."""
    document: str | None
    """What the preview left, or None if it can't be had."""
    why: str = ""
    """Why it can't be had."""


def artifact(stack: str) -> str:
    """Return the name of a preview's artifact."""
    return f"slipway-reviewed-{stack}"


def last_deploy(github: GitHub, environment: str) -> str | None:
    """Return the commit that was last deployed successfully from an environment; None if there was none."""
    path = github.where.path(f"deployments?environment={environment}&task=deploy")
    for deployment in islice(github.pages(path), _DEPLOYMENTS):
        statuses = github.pages(github.where.path(f"deployments/{deployment['id']}/statuses"))
        if any(status["state"] == "success" for status in statuses):
            return str(deployment["sha"])
    return None


def commits(github: GitHub, since: str | None, commit: str) -> list[str]:
    """Return the commits after `since` up to `commit`, newest first; `commit` alone if nothing is known."""
    if since is None or since == commit:
        return [commit]
    found = [str(each["sha"]) for each in github.pages(github.where.path(f"compare/{since}...{commit}"), "commits")]
    return [commit, *(sha for sha in reversed(found) if sha != commit)]


def guarded(github: GitHub) -> bool:
    """Return whether the environment of previews has reviewers, so that each preview was let run by one."""
    listed = github.pages(github.where.path("environments"), "environments")
    rules = [rule for each in listed if each["name"] == ENVIRONMENT for rule in each.get("protection_rules") or ()]
    return any(rule["type"] == "required_reviewers" for rule in rules)


def find(github: GitHub, stack: str, shas: list[str], *, approved: bool) -> Iterator[Reviewed]:
    """Yield what was reviewed on each pull request that brought one of the commits.

    With `approved`, only what a reviewer of the environment let run: anybody who may push a branch can have a workflow
    of theirs leave an artifact that looks alike, on the same commit, but not without that.
    """
    seen: set[int] = set()
    for sha in shas:
        for pull in github.pages(github.where.path(f"commits/{sha}/pulls")):
            number = int(pull["number"])
            if number not in seen and pull.get("merged_at"):
                seen.add(number)
                yield _of_pull(github, stack, number, str(pull["head"]["sha"]), approved=approved)


def _of_pull(github: GitHub, stack: str, number: int, head: str, *, approved: bool) -> Reviewed:
    runs = [run for run in _runs(github, head) if _is_preview(run, github.where.repository, head)]
    passed = [run for run in runs if run.get("conclusion") == "success"]
    if not passed:
        why = "its preview did not succeed" if runs else f"nothing previewed its last commit ({WORKFLOW})"
        return Reviewed(number=number, head=head, document=None, why=why)
    if approved:
        passed = [run for run in passed if _is_approved(github, run)]
    if not passed:
        why = f"no reviewer of the environment {ENVIRONMENT} let its preview run"
        return Reviewed(number=number, head=head, document=None, why=why)
    run = max(passed, key=lambda run: int(run["id"]))
    named = github.where.path(f"actions/runs/{run['id']}/artifacts?name={artifact(stack)}")
    left = [each for each in github.pages(named, "artifacts") if each["name"] == artifact(stack)]
    if not left:
        return Reviewed(number=number, head=head, document=None, why=f"its preview was not of stack {stack}")
    newest = max(left, key=lambda each: int(each["id"]))
    if newest["expired"]:
        return Reviewed(number=number, head=head, document=None, why="GitHub does not keep its preview any more")
    try:
        found = _unpacked(github.data(github.where.path(f"actions/artifacts/{newest['id']}/zip")))
    except GitHubError as error:
        return Reviewed(number=number, head=head, document=None, why=str(error))
    return Reviewed(number=number, head=head, document=found)


def _runs(github: GitHub, head: str) -> Iterator[Mapping[str, Any]]:
    return github.pages(github.where.path(f"actions/runs?head_sha={head}&event=pull_request"), "workflow_runs")


def _is_preview(run: Mapping[str, Any], repository: str, head: str) -> bool:
    """Return whether a run is of the preview's workflow, for this commit, and not a fork's."""
    where = str((run.get("head_repository") or {}).get("full_name", ""))
    path = str(run.get("path", "")).partition("@")[0]  # with the ref behind it, as the documentation's example has it
    kind = (run.get("event"), run.get("head_sha"), path)
    return kind == ("pull_request", head, WORKFLOW) and where.lower() == repository.lower()


def _is_approved(github: GitHub, run: Mapping[str, Any]) -> bool:
    history = github.get(github.where.path(f"actions/runs/{run['id']}/approvals"))
    return any(
        each["state"] == "approved" and ENVIRONMENT in [environment["name"] for environment in each["environments"]]
        for each in history
    )


def _unpacked(data: bytes) -> str:
    """Return the document in an artifact. Raises GitHubError if there is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(DOCUMENT) as file:
            text = file.read(_LARGEST + 1)
    except KeyError:
        raise GitHubError("its preview was refused, so that there was nothing to review") from None
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise GitHubError(f"what its preview left can't be unpacked: {error}") from None
    if len(text) > _LARGEST:
        raise GitHubError(f"what its preview left is over {_LARGEST:,} bytes")
    return text.decode("utf-8", "replace")
