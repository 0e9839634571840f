"""What an instance was told at launch can be read back from its user data."""

import json

import pytest

from release.component.user_data import Boot, render
from release.console.told import Failure, Told

AWKWARD = {"A": 'it\'s "quoted" $HOME `x`\n(second) line)', "EMPTY": "", "LIST": "(a b)", "LATER": "# What follows"}


def boot(**changes: object) -> Boot:
    given: dict[str, object] = {
        "sha": "a" * 40,
        "digest": "b" * 64,
        "bucket": "store",
        "region": "eu-west-1",
        "fleet": "web",
        "group": "slipway-prod-web",
        "hook": "boot",
        "log_group": "/slipway/prod/web",
        "command": "(cd app && exec ./serve 'x y')\n# What is this",
        "port": 8080,
        "health_path": "/healthz",
        "health_codes": "200",
        "health_timeout": 5,
        "boot_timeout": 300,
        "environment": AWKWARD,
        "secrets": ("/slipway/prod/web/KEY:3", "/slipway/prod/web/TOKEN:1"),
        "packages": ("nodejs22",),
    }
    return Boot(**{**given, **changes})  # pyright: ignore[reportArgumentType]


def test_everything_that_an_instance_was_told_is_read_back():
    """Texts with quotes, line breaks and parentheses come back as they were, lists as lists."""
    told = Told(render(boot()))
    assert json.loads(told.texts["ENVIRONMENT"]) == AWKWARD
    assert told.texts["COMMAND"] == "(cd app && exec ./serve 'x y')\n# What is this"
    assert (told.texts["SHA"], told.texts["REGION"], told.texts["DEFAULT_PORT"]) == ("a" * 40, "eu-west-1", "8080")
    assert told.lists == {
        "SECRETS": ["/slipway/prod/web/KEY:3", "/slipway/prod/web/TOKEN:1"],
        "PACKAGES": ["nodejs22"],
    }


def test_a_release_without_secrets_or_packages():
    """Empty lists are empty."""
    assert Told(render(boot(secrets=(), packages=()))).lists == {"SECRETS": [], "PACKAGES": []}


def test_something_else_is_refused():
    """An instance that Slipway did not launch is named as such."""
    with pytest.raises(Failure, match="not launched by Slipway"):
        Told("#!/bin/bash\necho hello\n")
