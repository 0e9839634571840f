"""What an instance is told at launch."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release.component.user_data import LIMIT_BYTES, Boot, UserDataTooLargeError, render

VALUES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)


def boot(**changes: Any) -> Boot:
    known: dict[str, Any] = {
        "sha": "a" * 40,
        "digest": "d" * 64,
        "bucket": "b",
        "region": "eu-west-1",
        "fleet": "web",
        "group": "prod-web",
        "hook": "boot",
        "log_group": "/slipway/prod/web",
        "command": "python3 -m shop",
        "port": 8080,
        "health_path": "/healthz",
        "health_codes": "200",
        "health_timeout": 5,
        "boot_timeout": 300,
        "environment": {},
    }
    return Boot(**{**known, **changes})


def test_it_is_valid_bash_within_the_limit():
    """bash accepts the rendered script, and EC2 its size."""
    text = render(boot(secrets=("/slipway/prod/web/KEY:3",), environment={"A": "b"}))
    assert len(text.encode()) < LIMIT_BYTES
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


@settings(max_examples=30, deadline=None)
@given(VALUES, VALUES)
def test_no_value_breaks_out_of_its_quotes(command: str, value: str):
    """Whatever a command or a setting says, bash reads it as that text and runs nothing of it."""
    assignments = render(boot(command=command, environment={"NAME": value})).split("# What follows", 1)[0]
    probe = assignments + '\nprintf "%s\\0%s" "$COMMAND" "$ENVIRONMENT"\n'
    shown = subprocess.run(["bash", "-s"], input=probe.encode(), capture_output=True, check=True)
    said, environment = shown.stdout.decode().split("\0")
    assert (said, json.loads(environment)) == (command, {"NAME": value})
    assert shown.stderr == b""


def test_what_is_packed_is_the_boot_script():
    """The user data runs release/boot.sh, but for lines of comment, and all of it is text that an editor shows."""
    unpack = render(boot()).split("\n. <", 1)[1].removesuffix("\n").join(["cat <", ""])
    shown = subprocess.run(["bash", "-c", unpack], capture_output=True, check=True)
    lines = Path("release/boot.sh").read_bytes().splitlines(keepends=True)
    assert shown.stdout == b"".join(
        line.split(b"() { # ")[0] + b"() {\n" if b"() { # " in line else line
        for line in lines
        if not line.lstrip(b" ").startswith(b"#")
    )
    subprocess.run(["bash", "-n", "release/boot.sh"], check=True)
    assert render(boot()).isascii()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"environment": {"A": "x" * LIMIT_BYTES, "B": "y"}},
            r"fleets\.web\.environment: the user data would be \d+ bytes, and EC2 takes 16384 \(environment 164\d\d, "
            r"command 17, secrets 10, the rest is Slipway's\) \(the longest: A, B\); move long values to files",
        ),
        ({"command": "x" * LIMIT_BYTES}, r"fleets\.web\.command: .*; move it to a script in the repository"),
        ({"secrets": [f"/slipway/prod/web/S{n}:1" for n in range(700)]}, r"fleets\.web\.secrets: .*; join several"),
    ],
)
def test_too_large_is_refused_with_the_setting_to_change(changes: dict[str, Any], says: str):
    """EC2 would refuse it at launch; it is refused before anything is declared."""
    with pytest.raises(UserDataTooLargeError, match=says):
        render(boot(**changes))


def test_half_of_the_limit_is_left_for_variables():
    """What Slipway itself says does not crowd out the settings."""
    assert len(render(boot(environment={"A": "x" * (LIMIT_BYTES // 2)})).encode()) < LIMIT_BYTES


def test_the_same_release_renders_the_same():
    """The order of settings in a file does not make a new launch template."""
    assert render(boot(environment={"A": "1", "B": "2"})) == render(boot(environment={"B": "2", "A": "1"}))
