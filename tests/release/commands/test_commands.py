"""`python -m release`, as a person or a CI job meets it."""

from __future__ import annotations

import contextlib
import http.server
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

import boto3
import pytest

from release import clients, commands
from release.__main__ import main
from release.store.ledger import Event, Ledger
from release.store.notes import Notes, note
from tests.release.conftest import REGION, Clone

pytestmark = pytest.mark.sandbox


@pytest.fixture
def site(clone: Clone, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """The clone is here, the bucket is set, and there is a machine image."""
    monkeypatch.chdir(clone.path)
    monkeypatch.setenv("SLIPWAY_BUCKET", bucket)
    monkeypatch.setenv("SLIPWAY_BY", "alex")
    boto3.client("ec2").register_image(Name="site-1", Architecture="x86_64")
    return clone


IMAGE = ["--image-name", "site-*", "--image-owner", "self"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_publish_list_show(site: Clone, capsys: pytest.CaptureFixture[str]):
    """A release is published, listed and shown; again it is there; JSON is the manifest, and where it served."""
    sha = site.git("rev-parse", "v1")
    assert run(capsys, "publish", "v1", *IMAGE, "--dry-run") == (0, f"would publish {sha}\n", "")
    assert run(capsys, "publish", "v1", *IMAGE) == (0, f"published {sha}\n", "")
    assert run(capsys, "publish", "v1", *IMAGE) == (0, f"already published {sha}\n", "")
    listed = run(capsys, "list")[1].splitlines()
    assert listed[0].split() == ["SHA", "PUBLISHED", "BY", "SIZE", "RECOVERABLE", "LIVE", "TAGS"]
    assert listed[1].split()[0] == sha
    assert listed[1].split()[-1] == "v1"
    manifest = json.loads(run(capsys, "show", sha[:8], "--verify", "--json")[1])
    assert json.loads(run(capsys, "list", "--json")[1]) == [{**manifest, "served": None, "recoverable": None}]
    assert (manifest["sha"], manifest["published"]["by"]) == (sha, "alex")
    assert manifest["published"]["caller"] == "arn:aws:sts::123456789012:user/moto"
    shown = run(capsys, "show", "v1")[1]
    assert "process web  python3 app.py" in shown


def test_a_dirty_tree_is_mentioned(site: Clone, capsys: pytest.CaptureFixture[str]):
    """Publishing what is checked out says that changes stay behind, and publishes the commit."""
    site.write("app.py", "print('dirty')\n")
    status, out, err = run(capsys, "publish", "HEAD", *IMAGE)
    assert (status, out) == (0, f"published {site.git('rev-parse', 'HEAD')}\n")
    assert "not committed" in err


def test_a_build_says_its_lines(site: Clone, capsys: pytest.CaptureFixture[str]):
    """The build's output goes to standard error; a failing one ends with status 1."""
    assert run(capsys, "publish", "main", *IMAGE, "--build", "echo hello; exit 4")[0] == 1
    status, _, err = run(capsys, "publish", "main", *IMAGE, "--build", "echo hello")
    assert (status, err) == (0, "hello\n")


def test_mistakes(site: Clone, capsys: pytest.CaptureFixture[str]):
    """One line each, no traceback, status 1; wrong usage is status 2."""
    for arguments, said in {
        ("publish", "nope", *IMAGE): "there is no commit 'nope'",
        ("publish", "v1", "--image-name", "nope"): "no machine image",
        ("show", "nope"): "is not published",
        ("diff", "v1", "nope"): "is not published",
        ("list", "--bucket", "slipway-none"): "no such bucket",
        ("history",): "which stack?",
    }.items():
        status, out, err = run(capsys, *arguments)
        assert (status, out) == (1, ""), arguments
        assert err.startswith("error: ")
        assert said in err
    for arguments in ((), ("deploy",), ("publish",), ("list", "--limit", "many")):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2


def test_the_bucket_of_a_stack(aws: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """With a stack, the bucket's name follows from it, the account and the region; Pulumi's long names work."""
    name = f"slipway-commands-123456789012-{REGION}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert run(capsys, "list", "--stack", "commands", "--json") == (0, "[]\n", "")
    monkeypatch.setenv("PULUMI_STACK", "organization/slipway/commands")
    assert run(capsys, "list", "--json")[0] == 0
    monkeypatch.delenv("PULUMI_STACK")
    status, _, err = run(capsys, "list")
    assert status == 1
    assert "which stack? region" in err


class Proxy(http.server.BaseHTTPRequestHandler):
    """Answers whatever it is asked with a page."""

    def do_POST(self) -> None:
        page = b"<!doctype html><p>Sign in to the network<br>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Nothing of it."""


@pytest.mark.parametrize("command", ["status", "status --stack prod", "list", "rollback --stack prod"])
def test_what_answers_in_place_of_aws_is_no_traceback(
    aws: str, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """A proxy's page, or an endpoint that is something else."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        try:
            status, out, errors = run(capsys, *command.split())
        finally:
            server.shutdown()
    assert (status, out) == (1, "")
    assert "the answer did not come from AWS: check the region, AWS_ENDPOINT_URL and the network's proxy\n" in errors


@pytest.mark.parametrize("words", [["--limit", "0"], ["--limit", "-1"], ["--limit", "1e3"], ["--stack", "a b"]])
def test_odd_options_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]):
    """Before anything is asked of AWS."""
    with contextlib.suppress(SystemExit):
        assert main(["history", "--bucket", "x", *words]) == 1
    assert words[0] in capsys.readouterr().err


def test_history(site: Clone, bucket: str, capsys: pytest.CaptureFixture[str]):
    """What the ledger holds, as a table and as JSON."""
    at = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    event = Event(
        at=at,
        by="alex",
        stack="prod",
        fleet="web",
        action="deploy",
        sha="a" * 40,
        digest="b" * 64,
        outcome="failed",
        seconds=61.2,
        reason="no answer on /healthz",
    )
    Ledger(bucket, clock=lambda: at).record(event)
    _, out, _ = run(capsys, "history", "--stack", "prod", "--bucket", bucket)
    row = out.splitlines()[1]
    assert row.startswith("2024-05-06 07:08:09  web")
    who = "alex  arn:aws:sts::123456789012:user/moto"
    assert row.endswith(f"aaaaaaaaaaaa  failed   61 s  {who}  no answer on /healthz")
    found = json.loads(run(capsys, "history", "--stack", "prod", "--bucket", bucket, "--json")[1])
    assert found[0]["reason"] == "no answer on /healthz"


def test_history_shows_uses_of_the_console(site: Clone, bucket: str, capsys: pytest.CaptureFixture[str]):
    """Who ran what on which instance, among the deploys; a command of several lines stays in its row."""
    given = {"fleet": "web", "instance": "i-0123456789abcdef0", "sha": "a" * 40, "command": "sh -c 'a\nb'"}
    Notes(bucket, "uses", clients.client("s3", REGION)).add(note("prod", "exec", **given))
    row = run(capsys, "history", "--stack", "prod", "--bucket", bucket)[1].splitlines()[1]
    assert row.split()[2:5] == ["web", "exec", "a" * 12]
    assert row.endswith("i-0123456789abcdef0: sh -c 'a b'")
    assert run(capsys, "history", "--stack", "prod", "--bucket", bucket, "--fleet", "api")[1].count("\n") == 1
    found = json.loads(run(capsys, "history", "--stack", "prod", "--bucket", bucket, "--json")[1])
    assert (found[0]["what"], found[0]["facts"]) == ("exec", given)


def test_history_shows_release_phases(site: Clone, bucket: str, capsys: pytest.CaptureFixture[str]):
    """When one began and how it ended, among the deploys, with the reason on one line."""
    phases, given = Notes(bucket, "phases", clients.client("s3", REGION)), {"fleet": "web", "instance": "i-1"}
    for what, reason in (("began", None), ("failed", "`migrate` ended\nwith 1")):
        phases.add(note("prod", what, reason=reason, sha="a" * 40, digest="b" * 64, **given))
    failed, began = run(capsys, "history", "--stack", "prod", "--bucket", bucket)[1].splitlines()[1:]
    assert failed.split()[2:7] == ["web", "release", "phase", "a" * 12, "failed"]
    assert failed.endswith("i-1: `migrate` ended with 1")
    assert (began.split()[6], began.split()[-1]) == ("began", "i-1")


def test_history_on_a_terminal_that_knows_ascii_only(site: Clone, bucket: str):
    """Nor does what isn't UTF-8 stop it, or what steers a terminal."""
    event = json.dumps(
        {
            **{"at": "2024-05-06T07:08:09Z", "by": "kim", "stack": "prod", "fleet": "web", "action": "deploy"},
            **{"sha": "a" * 40, "digest": "b" * 64, "outcome": "failed", "reason": "k\udcf6nig \u65e5\x1b[2J"},
        }
    )
    key = "ledger/prod/web/20240506T070809.000000Z-1.json"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=event.encode())
    command = [sys.executable, "-m", "release", "history", "--stack", "prod", "--bucket", bucket]
    root = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1].endswith("k\\ufffdnig \\u65e5")


def test_diff(site: Clone, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Commits from git where it has them, and the files that differ from the artifacts themselves, without git."""
    site.write("new.txt", "new")
    site.write("Procfile", "web: python3 app.py\nworker: date\n")
    (site.path / "shop/index.html").unlink()
    site.commit("third")
    for ref in ("v1", "HEAD"):
        run(capsys, "publish", ref, *IMAGE)
    old, new = site.git("rev-parse", "v1"), site.git("rev-parse", "HEAD")
    found = json.loads(run(capsys, "diff", "v1", new[:10], "--json")[1])
    assert (found["old"], found["new"], found["image"]) == (old, new, None)
    assert found["files"] == ["~ Procfile", "~ app.py", "+ new.txt", "- shop/index.html"]
    assert found["processes"] == ["+ worker"]
    assert [line.split(" ", 1)[1] for line in found["commits"]] == ["third (Test)", "second (Test)"]
    out = run(capsys, "diff", old, new, "--repository", str(tmp_path / "nowhere"))[1]
    assert "commits: git does not have both" in out
    assert "  - shop/index.html" in out
    assert "files: the same" in run(capsys, "diff", old, old)[1]


def test_as_a_process(site: Clone):
    """The module runs as it is documented, from another directory than its own."""
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-m", "release", "show", "nope"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: 'nope' is not published")
    assert "Traceback" not in done.stderr


def test_every_command_is_declared():
    """A module with `run` is a command, and `python -m release --help` shows it."""
    modules = (
        importlib.import_module(f"release.commands.{name.name}") for name in pkgutil.iter_modules(commands.__path__)
    )
    assert {module.__name__.rpartition(".")[2] for module in modules if hasattr(module, "run")} == set(commands.NAMES)
