"""What `up` decides before it starts anything: the release, the stack file, the variables."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.control import deploy, environment, stack
from sandbox.control.environment import Deploy
from sandbox.control.session import Child, State
from sandbox.errors import SandboxError
from sandbox.service import keys

STATE = State(
    session="s",
    supervisor=Child(pid=1, started=1.0),
    ports={"aws": 5001, "provider": 5002, "balancer": 8080},
    keys=keys.fresh(),
)
DEPLOY = Deploy(
    stack="sandbox", provider="sandbox", region="eu-west-1", sha="HEAD", repository="/a b/it's", directory=""
)


def git(folder: Path, *arguments: str) -> str:
    """Run git there, as nobody in particular."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    ran = subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one commit and a stack file."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "Pulumi.sandbox.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    (folder / "examples" / "shop").mkdir(parents=True)
    (folder / "examples" / "shop" / "app.py").write_text("")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one")
    return folder


def pin(checkout: Path, **pins: str) -> None:
    """Pin parts of the release in the stack file."""
    lines = "".join(f"    {key}: {value}\n" for key, value in pins.items())
    (checkout / "Pulumi.sandbox.yaml").write_text(f"config:\n  slipway:release:\n{lines}")


def choose(checkout: Path, **asked: str) -> tuple[stack.App, list[str]]:
    """The release for what make was asked for."""
    file = stack.read(checkout, "sandbox")
    return stack.choose(file, asked, checkout=checkout, caller=checkout.parent)


def test_default_is_head_of_the_checkout_and_its_example(checkout: Path):
    """Asked for nothing, HEAD's full SHA of this checkout's example is deployed."""
    release, remarks = choose(checkout)

    assert release == stack.App(
        sha=git(checkout, "rev-parse", "HEAD"), repository=str(checkout), directory="examples/shop"
    )
    assert remarks == []


def test_uncommitted_changes_are_remarked_on(checkout: Path):
    """Who edits and forgets to commit learns that HEAD goes live, not the edit."""
    (checkout / "examples" / "shop" / "app.py").write_text("edited")

    assert "not committed" in choose(checkout)[1][0]


def test_other_repository_is_relative_to_the_caller_and_deployed_whole(checkout: Path):
    """REPO=app means the caller's app; its HEAD and its root are the defaults."""
    (checkout.parent / "app").mkdir()

    release, _ = choose(checkout, repository="app")

    assert release == stack.App(sha="HEAD", repository=str(checkout.parent / "app"), directory="")


@pytest.mark.parametrize("url", ["https://example.invalid/a.git", "git@example.invalid:team/app.git"])
def test_url_stays_as_it_is(checkout: Path, url: str):
    """A URL is not taken for a path."""
    assert choose(checkout, repository=url, sha="v1")[0].repository == url


def test_missing_folder_is_refused(checkout: Path):
    """A mistyped REPO is an error before anything starts."""
    with pytest.raises(SandboxError, match="REPO=nowhere: there is no folder"):
        choose(checkout, repository="nowhere")


@pytest.mark.parametrize(
    ("pins", "asked"),
    [
        ({"sha": "v1"}, {"sha": "v2"}),
        ({"directory": "a"}, {"directory": "b"}),
        ({"repository": "https://example.invalid/a"}, {"repository": "https://example.invalid/b"}),
    ],
)
def test_pin_that_says_otherwise_is_refused(checkout: Path, pins: dict[str, str], asked: dict[str, str]):
    """The stack file would silently win, so a contradiction is an error that says how to fix it."""
    pin(checkout, **pins)

    with pytest.raises(SandboxError, match=r"Pulumi\.sandbox\.yaml pins slipway:release\..*pulumi config rm"):
        choose(checkout, **asked)


def test_pins_that_agree_or_stand_alone_are_taken(checkout: Path):
    """A pin of the same value does not contradict, and a pin of something that was not asked for decides."""
    pin(checkout, sha="v1", repository="https://example.invalid/a")

    release, _ = choose(checkout, sha="v1")

    assert release == stack.App(sha="v1", repository="https://example.invalid/a", directory="")


def test_unknown_stack_lists_those_there_are(checkout: Path):
    """A mistyped STACK is told the stacks that have a file."""
    (checkout / "Pulumi.dr.yaml").write_text("")

    with pytest.raises(SandboxError, match=r"Pulumi\.prd\.yaml does not exist, .* existing stacks: dr, sandbox"):
        stack.read(checkout, "prd")


def test_a_review_stack_has_the_file_that_they_share(checkout: Path):
    """Unless it has one of its own; what is named otherwise is no review stack."""
    (checkout / "Pulumi.review.yaml").write_text("")
    assert stack.read(checkout, "pr-42").path.name == "Pulumi.review.yaml"
    with pytest.raises(SandboxError, match=r"Pulumi\.pr-x\.yaml does not exist"):
        stack.read(checkout, "pr-x")
    (checkout / "Pulumi.pr-42.yaml").write_text("")
    assert stack.read(checkout, "pr-42").path.name == "Pulumi.pr-42.yaml"


@pytest.mark.parametrize("content", ["", "config:", "config: []", "a"])
def test_odd_stack_files_are_read(checkout: Path, content: str):
    """A stack file that says nothing yet pins nothing."""
    (checkout / "Pulumi.sandbox.yaml").write_text(content)

    assert stack.read(checkout, "sandbox").pins == {}


def test_broken_stack_file_is_one_line(checkout: Path):
    """A stack file that is not YAML is named."""
    (checkout / "Pulumi.sandbox.yaml").write_text("a: [")

    with pytest.raises(SandboxError, match=r"^Pulumi\.sandbox\.yaml is not valid YAML: [^\n]*$"):
        stack.read(checkout, "sandbox")


def test_pins_are_what_is_written(checkout: Path):
    """YAML takes the tag 1.10 and 0123456 for numbers; a pin keeps the text, so the same text agrees with it."""
    (checkout / "Pulumi.sandbox.yaml").write_text("config:\n  slipway:release: {sha: 1.10, directory: 0123456}\n")
    assert stack.read(checkout, "sandbox").pins == {"sha": "1.10", "directory": "0123456"}
    assert choose(checkout, sha="1.10")[0].sha == "1.10"
    (checkout / "Pulumi.sandbox.yaml").write_text("config:\n  slipway:release: {sha: ~, repository: null}\n")
    assert stack.read(checkout, "sandbox").pins == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("config:\n  a: {}\n  a: {}\n", r"Pulumi\.sandbox\.yaml, line 3: config\.a is set a second time"),
        ("config:\n  a:\n    b: 1\n    c: 2\n    b: 3\n", r"line 5: config\.a\.b is set a second time"),
        (f"a: {'[' * 5000}", "is nested too deeply"),
        ("a: 2024-99-99", "is not valid YAML: month"),
    ],
)
def test_what_the_engine_would_refuse_is_told_with_its_place(checkout: Path, content: str, said: str):
    """The engine names neither the file nor, of a key that is there twice, the setting."""
    (checkout / "Pulumi.sandbox.yaml").write_text(content)
    with pytest.raises(SandboxError, match=said):
        stack.read(checkout, "sandbox")


def test_env_lines_are_what_a_shell_becomes(tmp_path: Path):
    """Evaluating the lines gives a shell exactly the variables, quotes and blanks and all."""
    base = {"PATH": os.environ["PATH"], "AWS_PROFILE": "mine", "AWS_ENDPOINT_URL_S3": "http://x", "HOME": str(tmp_path)}
    variables = environment.of_tools(tmp_path, STATE, DEPLOY, Path("/engine folder"))
    lines = "\n".join(environment.shell_lines(base, variables))

    said = subprocess.run(
        ["/bin/sh", "-c", 'eval "$LINES_TO_EVAL" && env -0'],
        env={**base, "LINES_TO_EVAL": lines},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    became = dict(entry.split("=", 1) for entry in said.split("\0") if entry)

    assert {name: became[name] for name in variables} == variables
    assert became["SLIPWAY_REPOSITORY"] == "/a b/it's"
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_S3"} & set(became)


def test_variables_never_lead_to_the_users_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever the user's AWS setup is, the tools get the sandbox's endpoint and keys and nothing else of AWS."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")

    variables = environment.of_tools(tmp_path, STATE, None, Path("/engine"))
    merged = environment.merged(os.environ, variables)

    assert merged["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5001"
    assert merged["PULUMI_DEBUG_PROVIDERS"] == "aws:5002"
    assert merged["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/pulumi?metadata=skip"
    assert merged["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert "127.0.0.1" in merged["NO_PROXY"]
    assert not {"AWS_SESSION_TOKEN", "AWS_PROFILE", "SLIPWAY_SANDBOX"} & set(merged)


def test_path_has_the_tools_first_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A shell in a shell does not grow its PATH."""
    once = environment.of_tools(tmp_path, STATE, None, Path("/engine"))["PATH"]
    monkeypatch.setenv("PATH", once)

    assert environment.of_tools(tmp_path, STATE, None, Path("/engine"))["PATH"] == once
    assert once.split(os.pathsep)[1:3] == [str(tmp_path / "bin"), "/engine"]


def test_real_provider_is_not_replaced(tmp_path: Path):
    """PROVIDER=real leaves it to the engine to find the plugin."""
    deploy = Deploy(**{**vars(DEPLOY), "provider": "real"})

    assert "PULUMI_DEBUG_PROVIDERS" not in environment.of_tools(tmp_path, STATE, deploy, Path("/engine"))


def test_the_engine_is_given_a_name_where_the_user_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A container may run as a number; the engine refuses to make a stack for nobody."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # KeyError
    assert environment.of_tools(tmp_path, STATE, None, Path("/engine"))["USER"] == str(os.getuid())


def test_foreign_code_and_tokens_are_remarked_on(checkout: Path):
    """Whose code runs as the user, and what others can see of the command line."""
    assert not any("runs on this machine as you" in remark for remark in choose(checkout)[1])
    foreign = choose(checkout, repository="https://example.invalid/a.git", sha="v1")[1]
    assert [remark for remark in foreign if "runs on this machine as you" in remark]
    assert not any("token" in remark for remark in foreign)
    release, remarks = choose(checkout, repository="https://bob:t0k@example.invalid/a.git", sha="v1")
    assert release.repository == "https://bob:t0k@example.invalid/a.git"
    assert any("token" in remark and "t0k" not in remark for remark in remarks)


def test_a_pin_that_says_otherwise_shows_no_token(checkout: Path):
    """Of both repositories."""
    pin(checkout, repository="https://bob:t0k1@example.invalid/a")

    with pytest.raises(SandboxError) as error:
        choose(checkout, repository="https://bob:t0k2@example.invalid/b")
    assert "t0k" not in str(error.value)


def test_what_is_remembered_holds_no_token_and_is_private(tmp_path: Path):
    """The folder is the user's alone, and so is the file."""
    url = "https://bob:t0k@example.invalid/a.git"
    deploy._remember(tmp_path / ".sandbox", Deploy(**{**vars(DEPLOY), "repository": url}))

    file = tmp_path / ".sandbox" / deploy.FILE
    assert "t0k" not in file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    found = deploy.remembered(tmp_path / ".sandbox")
    assert found
    assert found.repository == "https://example.invalid/a.git"


FOLLOWER = "config:\n  aws:region: eu-central-1\n  slipway:release:\n    follow: sandbox\n"


@pytest.fixture
def follower(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> stack.StackPins:
    """The file of a stack that follows another one, on a machine whose git says that it was asked."""
    programs = checkout.parent / "programs"
    programs.mkdir()
    (programs / "git").write_text(f"#!/bin/sh\ntouch {checkout.parent}/asked\nexit 1\n")
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    (checkout / "Pulumi.dr.yaml").write_text(FOLLOWER)
    return stack.read(checkout, "dr")


def test_a_stack_that_follows_another_asks_git_nothing(checkout: Path, follower: stack.StackPins):
    """Its release is in the store: there is no SHA, no repository, and no git process that looks for one."""
    found = stack.choose(follower, {}, checkout=checkout, caller=checkout)

    assert found == (stack.App(sha="", repository="", directory="", follows="sandbox"), [])
    assert not (checkout.parent / "asked").exists()
    # The engine runs `git status` where it finds a git.
    path = environment.without_git(os.environ["PATH"], Path("/engine"))
    assert str(checkout.parent / "programs") not in path.split(os.pathsep)
    assert shutil.which("git", path=path) is None
    assert environment.without_git("/usr/bin:/engine", Path("/usr/bin")).startswith("/usr/bin:")


def test_a_stack_that_follows_another_deploys_what_is_asked_for(checkout: Path, follower: stack.StackPins):
    """SHA= is somebody's choice, of this repository or another one; REPO= alone names no commit."""
    found, _ = stack.choose(follower, {"sha": "v1"}, checkout=checkout, caller=checkout)

    assert found == stack.App(sha="v1", repository=str(checkout), directory="examples/shop")
    asked = {"repository": str(checkout), "directory": "a"}
    with pytest.raises(SandboxError, match=r"REPO= and DIRECTORY= needs SHA=.*Pulumi\.dr\.yaml.*of the stack sandbox"):
        stack.choose(follower, asked, checkout=checkout, caller=checkout)


def test_each_region_has_a_state_of_its_own(tmp_path: Path):
    """The first region's state is not read to bring up another one, and it is destroyed last."""
    dr = Deploy(**{**vars(DEPLOY), "stack": "dr", "region": "eu-central-1", "follows": "sandbox", "repository": ""})
    variables = environment.of_tools(tmp_path, STATE, dr, Path("/engine"))

    assert variables["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/pulumi-eu-central-1?metadata=skip"
    assert variables["AWS_REGION"] == "eu-central-1"
    assert (variables["SLIPWAY_SHA"], variables["SLIPWAY_REPOSITORY"]) == ("", "")
    first = environment.of_tools(tmp_path, STATE, DEPLOY, Path("/engine"))
    assert first["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/pulumi?metadata=skip"
    for folder in ("pulumi", "pulumi-home", "pulumi-eu-central-1/.pulumi"):
        (tmp_path / folder).mkdir(parents=True)
    assert environment.backends(tmp_path) == [
        (tmp_path / "pulumi-eu-central-1", "eu-central-1"),
        (tmp_path / "pulumi", "eu-west-1"),
    ]


def test_a_second_stack_is_remembered_beside_the_first(tmp_path: Path):
    """`make dr` does not lose what `make up` was asked for; without a name, it is the last one."""
    dr = Deploy(**{**vars(DEPLOY), "stack": "dr", "region": "eu-central-1", "sha": "", "follows": "sandbox"})
    deploy._remember(tmp_path, DEPLOY)
    deploy._remember(tmp_path, dr)

    assert deploy.remembered(tmp_path) == deploy.remembered(tmp_path, "dr") == dr
    assert deploy.remembered(tmp_path, "sandbox") == DEPLOY
    assert deploy.remembered(tmp_path, "prod") is None
    assert deploy.known(tmp_path) == ["dr", "sandbox"]
