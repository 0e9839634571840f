"""What an instance does with what its app prints: the part `logs` of the boot script, under bash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from release.component.user_data import Part
from tests.release.component import test_boot
from tests.release.component.test_boot import SERVE, Booting, booting
from tests.waiting import until

pytestmark = pytest.mark.sandbox
metadata, port = test_boot.metadata, test_boot.port

PARTS = (Part(script="logs", told={"OUTPUT_GROUP": "/slipway/prod/web/output"}),)
AGENT = {"amazon-cloudwatch-agent-ctl": 'echo amazon-cloudwatch-agent-ctl "$@" >>"$CALLS"\n'}
SAY = f"{sys.executable} -u -c"


def masked(instance: Booting) -> str:
    """What the agent would send."""
    file = instance.app / "output.log"
    return file.read_text() if file.exists() else ""


def parameters(folder: Path, values: dict[str, str]) -> None:
    shown = [{"Name": f"/slipway/prod/web/{name}", "Value": value} for name, value in values.items()]
    (folder / "parameters").write_text(json.dumps({"Parameters": shown, "InvalidParameters": []}))


def test_the_agent_is_fetched_once_the_app_is_ready_and_told_what_to_send(tmp_path: Path, metadata: str, port: int):
    """The stream has the instance and the release; the launch was ended without waiting for any of it."""
    with booting(tmp_path, metadata, port, parts=PARTS, stands_in=AGENT, command=f"echo hello; {SERVE}") as (
        instance,
        _,
    ):
        (started,) = until(lambda: instance.said("agent-ctl"))
        config = instance.app / "agent.json"
        assert started == f"amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:{config}"
        (followed,) = json.loads(config.read_text())["logs"]["logs_collected"]["files"]["collect_list"]
        assert followed == {
            "file_path": str(instance.app / "output.log"),
            "log_group_name": "/slipway/prod/web/output",
            "log_stream_name": f"i-0abc/{'a' * 40}",
        }
        assert (instance.app / "ready").exists()
        assert instance.said("dnf") == ["dnf -y -q install amazon-cloudwatch-agent"]
        until(lambda: "hello\n" in masked(instance))


def test_an_agent_that_cannot_be_installed_is_a_line_in_the_journal(tmp_path: Path, metadata: str, port: int):
    """The boot succeeds, the app serves, and the reason is there for whoever misses the lines."""
    (tmp_path / "dnf-says").write_text("no route to the repository\n" * 3)
    with booting(tmp_path, metadata, port, parts=PARTS, stands_in=AGENT) as (instance, process):
        assert process.wait(60) == 0
        until(lambda: [said for said in instance.reported() if said["event"] == "unlogged"])
        assert "cannot be started: no route to the repository" in instance.reported()[-1]["reason"]
        assert instance.said("CONTINUE")
        assert not instance.said("agent-ctl")


SECRETS: dict[str, Any] = {
    "KEY": "p\u00e4ss'wo\"rd",
    "DATABASE_URL": "postgres://shop:s3cr%2Ft@db/shop",
    "SHORT": "abc",
    "PEM": "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----",
    "SET": json.dumps({"user": "shop-admin", "password": "of the database"}),
}


def lines() -> str:
    """A program that prints each secret as it is, as repr, JSON, URLs and base64 have it, and some that are none."""
    return """
import base64, json, os
from urllib.parse import quote
for name in ("KEY", "DATABASE_URL", "SHORT", "PEM"):
    value = os.environ[name]
    print(name, value, repr(value), json.dumps(value), quote(value), base64.b64encode(value.encode()).decode())
print("s3cr%2Ft", "of the database", "abcdef", "\x1b[2J\x07 bell", "a\tb")
"""


def test_what_leaves_the_instance_is_masked_as_in_the_boot_journal(tmp_path: Path, metadata: str, port: int):
    """Line by line, the same as `safe` of boot.sh masks it at once; control characters are shown."""
    parameters(tmp_path, SECRETS)
    (tmp_path / "say.py").write_text(lines())
    names = " ".join(f"/slipway/prod/web/{name}" for name in SECRETS)
    command = f"{sys.executable} {tmp_path / 'say.py'}; echo that is all; {SERVE}"
    with booting(tmp_path, metadata, port, parts=PARTS, stands_in=AGENT, command=command, secrets=names) as (
        instance,
        _,
    ):
        until(lambda: "that is all" in masked(instance))
        shown = masked(instance).partition("that is all")[0]
        for value in (
            SECRETS["KEY"],
            SECRETS["DATABASE_URL"],
            SECRETS["SET"],
            " abc ",
            "s3cr%2Ft",
            "of the database",
            "MIIEvQIBADANBg",
        ):
            assert value not in shown
        assert "abcdef \\x1b[2J\\x07 bell a b\n" in shown
        printed = (instance.app / "app.log").read_text().partition("that is all")[0]
        assert shown == safe(printed)


def safe(text: str) -> str:
    """What the function of that name in boot.sh makes of a text."""
    script = (Path(__file__).parents[3] / "release" / "boot.sh").read_text()
    function = script[script.index("safe() {") : script.index("\n}\n", script.index("safe() {")) + 3]
    done = subprocess.run(
        ["bash", "-c", f"{function}\nvalues=$1\nsafe", "bash", json.dumps(SECRETS)],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


FLOOD = """
import sys
for n in range(20000):
    print("line", n, "x" * 20)
print("y" * 100_000 + " s3cret-value")
print("last")
sys.stdout.flush()
"""


def test_output_is_bounded_and_nothing_is_lost_where_files_grow_large(tmp_path: Path, metadata: str, port: int):
    """The masked file is renamed, the app's own gives back what was read; a line that is too long is cut."""
    (tmp_path / "flood.py").write_text(FLOOD)
    command = f"{sys.executable} {tmp_path / 'flood.py'}; {SERVE}"
    limit = 1 << 19
    with booting(tmp_path, metadata, port, parts=PARTS, stands_in=AGENT, command=command, APP_LOG_LIMIT=str(limit)) as (
        instance,
        process,
    ):
        assert process.wait(60) == 0
        until(lambda: "last\n" in masked(instance))
        both = (instance.app / "output.log.1").read_text() + masked(instance)
        found = [int(line.split()[1]) for line in both.splitlines() if line.startswith("line ")]
        assert found == list(range(found[0], 20000))
        assert "y (slipway: the line was longer)\n" in both
        assert max(map(len, both.splitlines())) < 61_000
        assert (instance.app / "output.log.1").stat().st_size < 2 * limit
        disk = (instance.app / "app.log").stat().st_blocks * 512
        assert disk < 3 * limit


def test_a_masking_process_that_is_killed_goes_on_where_it_was(tmp_path: Path, metadata: str, port: int):
    """The app does not notice, and each line is there."""
    command = f"while sleep 0; do n=$((n + 1)); echo line $n; done & {SERVE}"
    with booting(tmp_path, metadata, port, parts=PARTS, stands_in=AGENT, command=command) as (instance, process):
        assert process.wait(60) == 0
        until(lambda: "line 20\n" in masked(instance))
        found = subprocess.run(
            ["pgrep", "-f", f"{instance.app}/output.log "], capture_output=True, text=True, check=True
        )
        for pid in found.stdout.split():
            os.kill(int(pid), 9)
        reached = masked(instance).count("\n")
        until(lambda: masked(instance).count("\n") > reached + 20)
        seen = list(dict.fromkeys(line for line in masked(instance).splitlines() if line.startswith("line ")))
        assert seen == [f"line {n}" for n in range(1, len(seen) + 1)]
