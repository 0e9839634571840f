"""What the stack file says that the engine does not: which values are encrypted, and how they were written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pulumi
import pytest
from pulumi.runtime import config

from infra import configuration, stackfile
from infra.settings import Settings, SettingsError

Read: TypeAlias = Callable[..., Settings]
HEAD = """\
config:
  aws:region: eu-west-1
  slipway:loadBalancer: {http: true}
"""


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """Reads the settings of a stack: what its file says, and what the engine makes of that."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "prod")
    monkeypatch.setattr(pulumi, "get_project", lambda: "slipway")
    for variable in ("SLIPWAY_SHA", "SLIPWAY_REPOSITORY", "SLIPWAY_DIRECTORY", stackfile.CONFIG_FILE):
        monkeypatch.delenv(variable, raising=False)
    Path("Pulumi.yaml").write_text("name: slipway\n")
    before = (config.CONFIG.get(), config._SECRET_KEYS.get())

    def read(text: str, *, secret: bool = False, name: str = "Pulumi.prod.yaml", **given: object) -> Settings:
        Path(name).write_text(HEAD + text)
        values = {"loadBalancer": {"http": True}, **given}
        engine = {f"slipway:{key}": json.dumps(value) for key, value in values.items()}
        config.set_all_config({"aws:region": "eu-west-1", **engine}, ["slipway:fleets"] if secret else [])
        return configuration.read()

    yield read
    config.CONFIG.set(before[0])
    config._SECRET_KEYS.set(before[1])


SECRETS = "  slipway:fleets: {web: {secrets: {A: {secure: v1:x}, B: open}, environment: {C: {secure: v1:y}, D: d}}}\n"
GIVEN = {"web": {"secrets": {"A": "a", "B": "open"}, "environment": {"C": "c", "D": "d"}}}


def test_each_value_is_judged_by_itself(read: Read):
    """One encrypted secret does not let another one pass in plain text; one in `environment` is told of."""
    with pytest.raises(SettingsError) as caught:
        read(SECRETS, secret=True, fleets=GIVEN)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "fleets.web.secrets.B",
        "fleets.web.environment.C",
    ]
    assert "pulumi config set --secret --path slipway:fleets.web.secrets.B" in caught.value.problems[0]
    assert "pulumi config set --secret --path slipway:fleets.web.secrets.C" in caught.value.problems[1]


def test_encrypted_secrets_pass(read: Read):
    """What was set as the error says."""
    text = "  slipway:fleets: {web: {secrets: {A: {secure: v1:x}}, environment: {D: d}}}\n"
    settings = read(text, secret=True, fleets={"web": {"secrets": {"A": "a"}, "environment": {"D": "d"}}})
    assert settings.fleets["web"].secrets == {"A": "a"}


def test_an_encrypted_command_is_refused(read: Read):
    """It would stand in the user data."""
    with pytest.raises(SettingsError, match=r"fleets\.web\.command: is encrypted"):
        read("  slipway:fleets: {web: {command: {secure: v1:x}}}\n", secret=True, fleets={"web": {"command": "run"}})


def test_without_any_encryption_every_secret_is_in_plain_text(read: Read):
    """Also where there is no file to look into."""
    with pytest.raises(SettingsError, match=r"secrets\.A: is in plain text"):
        read("", fleets={"web": {"secrets": {"A": "a"}}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  slipway:fleets: {web: {secrets: {A: {secure: v1:x}}}}\n",
        "  slipway:fleets: {api: {secrets: {A: {secure: v1:x}, B: open}, environment: {C: c, D: d}}}\n",
        SECRETS.replace("D: d", "D: other"),
        "  slipway:fleets: [not YAML\n",
    ],
)
def test_another_stack_file_is_not_taken_for_the_one_in_use(read: Read, text: str):
    """With --config-file the program is not told which it is: then nothing can be said, and is not."""
    with pytest.raises(SettingsError, match=r"what can't be told.*PULUMI_OPTION_CONFIG_FILE"):
        read(text, secret=True, fleets=GIVEN)


def test_the_stack_file_may_lie_elsewhere(read: Read, monkeypatch: pytest.MonkeyPatch):
    """By the variable of --config-file, or the project's `stackConfigDir`; the program runs in a folder below."""
    good = "  slipway:fleets: {web: {secrets: {A: {secure: v1:x}}}}\n"
    given = {"web": {"secrets": {"A": "a"}}}
    Path("below").mkdir()
    Path("Pulumi.yaml").write_text("name: slipway\nstackConfigDir: below\n")
    assert read(good, secret=True, fleets=given, name="below/Pulumi.prod.yaml")
    monkeypatch.setenv(stackfile.CONFIG_FILE, "other.yaml")
    assert read(good, secret=True, fleets=given, name="other.yaml")
    assert stackfile.locate(Path.cwd() / "below", "prod", {}) == Path.cwd() / "below" / "Pulumi.prod.yaml"


@pytest.mark.parametrize(
    ("written", "value"),  # as Go's yaml.v3 reads them
    [
        ("1234567", 1234567),
        ("0123456", 42798),
        ("0123489", 123489),
        ("1234e56", 1.234e59),
        ("1234567890123456789012345678901234567890", 1.2345678901234568e39),
        ("1.10", 1.1),
        ("1e3", 1000),
        ("true", True),
        ("2024-01-01", "2024-01-01 00:00:00 +0000 UTC"),
        ("v1", "v1"),
        ("'1234567'", "1234567"),
    ],
)
def test_a_sha_is_what_was_written(read: Read, written: str, value: object):
    """Seven digits are a SHA, `1.10` a tag: what YAML makes of them must not get in the way."""
    settings = read(f"  slipway:release: {{sha: {written}}}\n", release={"sha": value}, fleets={"web": {}})
    assert settings.release.sha == written.strip("'")


def test_a_date_in_the_environment_is_what_was_written(read: Read):
    """Unquoted, YAML makes a point in time of it, which the engine hands over as a longer text."""
    written = "  slipway:fleets: {web: {environment: {SINCE: 2024-01-01, QUOTED: '2024-01-01'}}}\n"
    given = {"SINCE": "2024-01-01 00:00:00 +0000 UTC", "QUOTED": "2024-01-01"}
    found = read(written, fleets={"web": {"environment": given}}).fleets["web"].environment
    assert found == {"SINCE": "2024-01-01", "QUOTED": "2024-01-01"}


@pytest.mark.parametrize(("written", "value"), [("7654321", 1234567), ("true", False), ("2024-01-02", 20240101)])
def test_a_number_of_another_file_is_refused_with_a_way_that_works(read: Read, written: str, value: object):
    """Quotes would not survive `pulumi config set --path`."""
    with pytest.raises(SettingsError, match=r"release\.sha: must be text.*slipway:release\.sha TEXT --type string"):
        read(f"  slipway:release: {{sha: {written}}}\n", release={"sha": value}, fleets={"web": {}})
