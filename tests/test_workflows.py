"""What the workflows promise, beyond what actionlint and zizmor check (`make lint`)."""

import re
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

import release.__main__
import release.commands
from bootstrap.settings import AccessSettings
from sandbox import lint
from sandbox.lint.__main__ import version

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OURS = re.compile(r"python -m release ([a-z]+)((?:[^\n\\]|\\\n)*)")
CHANGING = {"deploy", "rollback", "publish"}


def workflow(path: Path) -> dict[str, Any]:
    # YAML 1.1 takes `on` for true.
    return {"on" if key is True else str(key): value for key, value in yaml.safe_load(path.read_text()).items()}


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return workflow(path)["jobs"]


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job.get("steps", ())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_named_by_version(path: Path):
    """A tag can be moved, and a bare SHA tells nobody what it is."""
    for line in path.read_text().splitlines():
        if found := re.search(r"uses: (\S+)(.*)", line):
            own = found[1].startswith("./")
            assert own or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", found[1]), line
            assert own or re.match(r" # v\d+\.\d+\.\d+", found[2]), line


def test_an_action_has_the_same_commit_everywhere():
    """One version of each."""
    used = {found for path in FILES for found in re.findall(r"uses: (\S+@[0-9a-f]{40})", path.read_text())}
    assert len({each.partition("@")[0] for each in used}) == len(used)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_job_with_a_role_is_in_an_environment_and_runs_nobodys_fork(path: Path):
    """An environment is what a role trusts; a trigger that hands secrets to a fork's code is not used at all."""
    content = workflow(path)
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(content["on"])
    for name, job in jobs(path).items():
        may = {**(content.get("permissions") or {}), **(job.get("permissions") or {})}
        if may.get("id-token") == "write" and "uses" not in job:
            assert job.get("environment"), f"{path.name}: {name}"
        if "pull_request" in content["on"] and job.get("environment"):
            condition = str(job["if"])
            assert "github.event.pull_request.head.repo.full_name == github.repository" in condition


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_permissions_are_the_least(path: Path):
    """Nothing is granted but to whom it is needed, and nobody may write to the repository's content."""
    content = workflow(path)
    assert "permissions" in content
    granted = [content["permissions"], *(job.get("permissions", {}) for job in content["jobs"].values())]
    for each in granted:
        assert isinstance(each, dict)
        assert cast("dict[str, str]", each).get("contents", "read") == "read"


def test_a_previews_code_can_not_write_on_the_pull_request():
    """The job that runs the pull request's code may not write; the one that writes runs the code of the base."""
    preview, comment = jobs(ROOT / ".github/workflows/preview.yml").values()
    assert preview["permissions"] == {"contents": "read", "id-token": "write"}
    assert comment["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert comment["steps"][0]["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert "environment" not in comment


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_changes_a_stack_waits_in_line(path: Path):
    """It is never cancelled half-way, and no later one takes its place."""
    concurrency = workflow(path).get("concurrency")
    assert concurrency, "each workflow names a group"
    if path.stem in CHANGING:
        assert concurrency["queue"] == "max"
        assert "cancel-in-progress" not in concurrency
    if path.stem == "deploy":
        assert concurrency["group"] == "stack-${{ inputs.stack }}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_step_is_a_command_that_a_person_can_type(path: Path):
    """The head of the file has them, `python -m release` knows them, and no expression is put into a shell's text."""
    text = path.read_text()
    for command, rest in OURS.findall(text):
        with pytest.raises(SystemExit) as end:
            release.__main__.main([command, "--help"])
        assert end.value.code == 0, command
        for option in re.findall(r"--[a-z][a-z-]+", rest):
            assert option in options(command), f"{path.name}: {command} {option}"
    assert all("${{" not in step.get("run", "") for step in steps(path))
    assert re.search(r"^#   (python -m release|pulumi|\.ci/run)", text, re.MULTILINE)


def options(command: str) -> set[str]:
    parser: Any = release.commands.parser()
    (subcommands,) = (action for action in parser._actions if hasattr(action, "choices") and action.choices)
    return {name for action in subcommands.choices[command]._actions for name in action.option_strings}


def test_the_linter_is_the_one_that_go_mod_names():
    """Its version is part of the name in the cache, so that a newer one is built."""
    assert re.fullmatch(r"v1\.\d+\.\d+", version())
    assert lint.__doc__


ROLES = {
    "AWS_PREVIEW_ROLE": "previewer",
    "AWS_PUBLISH_ROLE": "publisher",
    "AWS_DEPLOY_ROLE": "deployer",
    "AWS_ROLLBACK_ROLE": "rollback",
    "AWS_DRILL_ROLE": "drill",
    "AWS_REVIEW_ROLE": "review",
}
"""The variable by which a workflow names a role, and the role."""


def test_a_role_trusts_the_environments_of_the_jobs_that_take_it_on():
    """As bootstrap/ sets it up; and no other environment that a workflow uses."""
    used: dict[str, set[str]] = {}
    for path in FILES:
        for job in jobs(path).values():
            given = job.get("environment", "")
            name = str(given["name"] if isinstance(given, dict) else given).replace("${{ inputs.stack }}", "prod")
            for step in job.get("steps", ()):
                wanted = str(step.get("with", {}).get("role-to-assume", ""))
                for variable in re.findall(r"vars\.(AWS_(?!DR_)\w+_ROLE)", wanted):
                    used.setdefault(ROLES[variable], set()).add(name)
    trusted = {role: set(AccessSettings().environments_of("prod", role)) for role in ROLES.values()}
    assert used == trusted
