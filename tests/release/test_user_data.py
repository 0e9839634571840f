"""What an instance is told at launch."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release.user_data import LIMIT_BYTES, Boot, UserDataTooLargeError, render

VALUES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)


def boot(**changes) -> Boot:
    return Boot(
        **{
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
            "boot_timeout": 300,
            "environment": {},
            **changes,
        }
    )


def test_it_is_valid_bash_within_the_limit():
    """bash accepts the rendered script, and EC2 its size."""
    text = render(boot(secrets=("/slipway/prod/web/KEY:3",), environment={"A": "b"}))
    assert len(text.encode()) < LIMIT_BYTES
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


@settings(max_examples=30, deadline=None)
@given(VALUES, VALUES)
def test_no_value_breaks_out_of_its_quotes(command: str, value: str):
    """Whatever a command or a setting says, bash reads it as that text and runs nothing of it."""
    assignments = render(boot(command=command, environment={"NAME": value})).split("# Everything above", 1)[0]
    probe = assignments + '\napp_environment; printf "%s\\0%s" "$COMMAND" "$NAME"\n'
    shown = subprocess.run(["bash", "-s"], input=probe.encode(), capture_output=True, check=True)
    assert shown.stdout.decode() == f"{command}\0{value}"
    assert shown.stderr == b""


def test_too_large_is_refused_with_the_setting_to_change():
    """EC2 would refuse it at launch; it is refused before anything is declared."""
    with pytest.raises(UserDataTooLargeError, match=r"fleets\.web\.environment"):
        render(boot(environment={"A": "x" * LIMIT_BYTES}))


def test_the_same_release_renders_the_same():
    """The order of settings in a file does not make a new launch template."""
    assert render(boot(environment={"A": "1", "B": "2"})) == render(boot(environment={"B": "2", "A": "1"}))
