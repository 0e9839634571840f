"""Turns the stack's configuration, as the engine hands it over, into settings."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import cast

import pulumi
from pulumi.runtime import config

from infra import stackfile
from infra.settings import Settings, SettingsError, parse
from infra.stackfile import StackFile

FLEETS, RELEASE, NOTIFY = "fleets", "release", "notify"


def read() -> Settings:
    """Return the settings of the running stack. Raises SettingsError.

    `pulumi.Config` only answers for keys that the caller knows. To report unknown ones, all keys are read.
    """
    prefix = f"{pulumi.get_project()}:"
    given = config.CONFIG.get() | config.get_config_env()
    mapping: dict[str, object] = {
        key.removeprefix(prefix): _value(text) for key, text in given.items() if key.startswith(prefix)
    }
    path = stackfile.locate(Path.cwd(), pulumi.get_stack(), os.environ)
    file = stackfile.read(path, pulumi.get_project())
    secret = [key for key in mapping if config.is_config_secret(prefix + key)]
    encrypted = _encrypted(mapping, secret, file, path)
    if file is not None and RELEASE in mapping:
        mapping[RELEASE] = as_written(mapping[RELEASE], file)
    if file is not None and FLEETS in mapping:
        mapping[FLEETS] = dates_as_written(mapping[FLEETS], file.at(FLEETS))
    if region := pulumi.Config("aws").get("region"):
        mapping["aws:region"] = region
    return parse(mapping, pulumi.get_stack(), os.environ, encrypted=encrypted)


def provider() -> dict[str, str]:
    """Return what the stack file has below `aws:`: only the provider reads it, for its credentials and region."""
    given = config.CONFIG.get() | config.get_config_env()
    return {key.removeprefix("aws:"): str(text) for key, text in given.items() if key.startswith("aws:")}


def _encrypted(
    mapping: Mapping[str, object], secret: Collection[str], file: StackFile | None, path: Path
) -> Collection[str]:
    """Return the paths of encrypted fleet settings and webhooks. Raises SettingsError if the stack file can't tell."""
    found: list[str] = []
    for key in (FLEETS, NOTIFY):
        if key not in secret:
            continue
        node = file and file.at(key)
        if not stackfile.agrees(node, mapping[key]):
            raise SettingsError(
                pulumi.get_stack(),
                [
                    f"{key}: something in it is encrypted, but what can't be told: {path} has other values there; "
                    f"name the right stack file with {stackfile.CONFIG_FILE}=FILE instead of --config-file"
                ],
            )
        found += stackfile.encrypted(node, key)
    return found


def as_written(release: object, file: StackFile) -> object:
    """Return the release's settings with the SHA or tag as the file spells it: to YAML, `1.10` is a number."""
    if not isinstance(release, dict):
        return release
    settings = cast("dict[str, object]", release)
    written = file.at(RELEASE, "sha")
    if isinstance(written, str) and settings.get("sha") is not None and stackfile.means(written, settings["sha"]):
        return {**settings, "sha": written}
    return settings


def dates_as_written(value: object, node: stackfile.Node) -> object:
    """Return the settings with each date as the file spells it: YAML turns `2024-01-01` into a point in time."""
    if isinstance(value, dict) and isinstance(node, dict):
        settings, nodes = cast("dict[str, object]", value), cast("dict[str, stackfile.Node]", node)
        return {key: dates_as_written(inner, nodes.get(key)) for key, inner in settings.items()}
    if isinstance(value, str) and isinstance(node, str) and stackfile.means(node, value):
        return node
    return value


def _value(text: str) -> object:
    """Return a value of the engine's: nested ones arrive as JSON, keys without a value as empty text."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
