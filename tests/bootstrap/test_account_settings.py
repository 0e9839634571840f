"""What the stack file of an account's set-up may say, and what is refused and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap import settings
from infra.settings import SettingsError

FILE = Path(settings.__file__).with_name("Pulumi.account.yaml")


def example() -> dict[str, Any]:
    """The example's settings, as the engine hands them over."""
    given = yaml.safe_load(FILE.read_text())["config"]
    return {key.removeprefix("slipway:"): value for key, value in given.items()}


def refused(**changed: Any) -> list[str]:
    with pytest.raises(SettingsError) as error:
        settings.parse({**example(), **changed}, "account")
    return list(error.value.problems)


def test_the_example_is_right_and_is_not_deployed_by_mistake():
    """It parses, and what is an example's is named, setting by setting; an account that is the caller's own is not."""
    parsed = settings.parse(example(), "account")
    assert [path for path, _ in settings.placeholders(parsed, "210987654321")] == [
        "repository",
        "stacks.prod.zone",
        "stacks.dr.zone",
        "stacks.dr.bucket",
    ]
    assert "stacks.dr.bucket" not in [path for path, _ in settings.placeholders(parsed, "123456789012")]


def test_jobs_run_in_an_environment_of_their_own_kind():
    """A stack's deployer in the stack's environment; a setting names another."""
    given = {"prod": {"environments": {"deployer": ["production"]}}}
    parsed = settings.parse({**example(), "stacks": given}, "account").stacks["prod"]
    assert parsed.environments_of("prod", "deployer") == ("production",)
    assert parsed.environments_of("prod", "previewer") == ("preview", "drift")
    assert parsed.environments_of("prod", "rollback") == ("prod-rollback",)
    assert settings.AccessSettings().environments_of("prod", "deployer") == ("prod",)
    assert settings.AccessSettings().environments_of("review", "review") == ("review", "sweep")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"repository": "shop"}, "repository: must be OWNER/NAME, or OWNER@ID/NAME@ID"),
        ({"repository": "acme/*"}, "repository: must be OWNER/NAME"),
        ({"replica": "eu-west-1"}, "replica: must be another region than aws:region, is 'eu-west-1' too"),
        (
            {"stacks": {"prod": {"roles": ["review"]}}},
            "stacks.prod.roles: the role review is that of all review stacks",
        ),
        ({"stacks": {"review": None}}, "stacks.review.roles: the role review is that of all review stacks"),
        ({"stacks": {}}, "stacks: is empty; name at least one stack"),
        ({"stacks": {"prod": {"region": "us-east-1"}}}, "stacks.prod.region: us-east-1 keeps no state; only eu-west-1"),
        ({"stacks": {"prod": {"replica": "eu-west-1"}}}, "stacks.prod.replica: must be another region than"),
        ({"stacks": {"bootstrap": None}}, "stacks.bootstrap: is what a part of the account's set-up is called"),
        ({"stacks": {"prod": {"roles": ["root"]}}}, "stacks.prod.roles[0]: must be one of activate, console, deployer"),
        (
            {"stacks": {"prod": {"environments": {"drill": ["x"]}}}},
            "stacks.prod.environments.drill: drill is not among the stack's roles",
        ),
        ({"stacks": {"prod": {"environments": {"deployer": ["*"]}}}}, "stacks.prod.environments.deployer[0]: must be"),
        ({"stacks": {"review": {"roles": ["review", "deployer"]}}}, "stacks.review.roles: the role review is that"),
        ({"stack": {}}, "stack: unknown setting; did you mean stacks?"),
        ({"repository": None}, "repository: "),
    ],
)
def test_what_is_wrong_is_said_with_its_path(changed: dict[str, Any], said: str):
    """Before anything is made."""
    assert [problem for problem in refused(**changed) if problem.startswith(said)]


def test_everything_wrong_is_said_at_once():
    """One run tells all."""
    assert len(refused(repository="x", stacks={"prod": {"zone": "x", "roles": []}})) == 3
