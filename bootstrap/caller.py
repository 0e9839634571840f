"""What the engine and AWS say: the stack file's configuration, and whose account this is."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
from pulumi.runtime import config

from bootstrap import settings
from bootstrap.settings import AccountSettings
from infra.settings import SettingsError
from infra.settings.problems import set_command

_PREFIX = "slipway:"


def configuration() -> Mapping[str, object]:
    """Return the stack file's settings, without their prefix; nested ones arrive as JSON."""
    given = config.CONFIG.get() | config.get_config_env()
    found: dict[str, object] = {
        key.removeprefix(_PREFIX): _value(text) for key, text in given.items() if key.startswith(_PREFIX)
    }
    if region := pulumi.Config("aws").get("region"):
        found["aws:region"] = region
    return found


def account(given: AccountSettings) -> str:
    """Return the account that the provider works in. Raises SettingsError for settings that are an example's still."""
    found = aws.get_caller_identity().account_id
    left = [
        f"{path}: {what}; set yours with `{set_command(path, 'VALUE')}`"
        for path, what in settings.placeholders(given, found)
    ]
    if left:
        raise SettingsError(pulumi.get_stack(), left)
    return found


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
