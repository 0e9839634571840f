"""The stack's configuration, as the engine hands it over, becomes settings."""

from __future__ import annotations

import json
import os

import pulumi
from pulumi.runtime import config

from infra.settings import Settings, parse


def read() -> Settings:
    """The settings of the stack that runs. Raises SettingsError.

    `pulumi.Config` answers for keys that one knows; to tell of unknown ones, the whole configuration is looked at.
    """
    prefix = f"{pulumi.get_project()}:"
    given = config.CONFIG.get() | config.get_config_env()
    mapping: dict[str, object] = {
        key.removeprefix(prefix): _value(text) for key, text in given.items() if key.startswith(prefix)
    }
    if region := pulumi.Config("aws").get("region"):
        mapping["aws:region"] = region
    encrypted = [key for key in mapping if config.is_config_secret(prefix + key)]
    return parse(mapping, pulumi.get_stack(), os.environ, encrypted=encrypted)


def _value(text: str) -> object:
    """What is nested comes as JSON; a key without a value as an empty text; any other text is left as it is."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
