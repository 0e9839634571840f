"""Turns a stack's configuration into `Settings`, or into one `SettingsError` with everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, cast

from pydantic import ValidationError

from infra.settings import rules
from infra.settings.capacity_rules import refused
from infra.settings.kinds import Wrong
from infra.settings.problems import Path, Problems, set_command, shown, told
from infra.settings.section import section_at
from infra.settings.stack import OVERRIDES, STACK, VARIABLES, Settings, StackSettings

_LARGEST = 10**18
_UNFIT = "contains a zero byte, or bytes that are not UTF-8; set it again"


def parse(
    mapping: Mapping[str, object],
    stack: str,
    environment: Mapping[str, str],
    *,
    encrypted: Collection[str] | None = None,
) -> Settings:
    """Return the settings of a stack.

    `mapping` has the stack file's keys without `slipway:`, values as JSON has them, and `aws:region`.
    `encrypted` has the paths of its encrypted values (`fleets.web.secrets.KEY`), or of mappings that are encrypted as a
    whole; with None, encryption is not checked.
    Raises SettingsError.
    """
    given, variables = _with_variables(mapping, environment)
    problems = Problems(variables, encrypted or ())
    try:
        STACK.read(stack)
    except Wrong as error:
        problems.add("the stack's name", f"{error}, is {stack!r}; rename it with `pulumi stack rename NAME`")
    file = _read(cast("dict[str, object]", _printable(given, (), problems)), problems)
    fleets = {name: fleet.named(name) for name, fleet in sorted(file.fleets.items())}
    values: dict[str, Any] = {**dict(file), "fleets": fleets, "schedule": dict(sorted(file.schedule.items()))}
    settings = Settings(
        stack=stack,
        # Variables only: as settings they would be forgotten in a stack file, and they are meant for one `pulumi up`.
        supersede=_is_set(environment, "SLIPWAY_SUPERSEDE"),
        unreplicated=_is_set(environment, "SLIPWAY_UNREPLICATED"),
        release_again=_is_set(environment, "SLIPWAY_RELEASE_AGAIN"),
        extend=_is_set(environment, "SLIPWAY_EXTEND"),
        posture_asked=bool(environment.get(OVERRIDES["recovery.posture"])),
        **values,
    )
    if not given.get("fleets"):
        problems.add("fleets", f"missing; set a first one with `{set_command('fleets.web.process', 'web')}`")
    for path, text in rules.problems(settings, problems.sound):
        problems.add(path, text)
    if encrypted is not None:
        for path, text in rules.encryption(settings, encrypted):
            problems.add(path, text)
    problems.raise_any(stack)
    return settings


def _is_set(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "") in {"1", "true"}


def _with_variables(
    mapping: Mapping[str, object], environment: Mapping[str, str]
) -> tuple[dict[str, object], dict[str, str]]:
    """Return the mapping with environment variables in the place of settings, and their names by path."""
    given, used = dict(mapping), dict[str, str]()
    for path, names in {**VARIABLES, **{path: (name,) for path, name in OVERRIDES.items()}}.items():
        section, _, key = path.rpartition(".")
        holder = (given.get(section) or {}) if section else given
        if not isinstance(holder, dict):
            continue
        overrides = path in OVERRIDES and environment.get(OVERRIDES[path])
        if not overrides and cast("dict[str, object]", holder).get(key) not in (None, ""):
            continue
        name = next((name for name in names if environment.get(name)), None)
        filled: dict[str, object] = {**holder, key: environment[name] if name else None}
        given = {**given, section: filled} if section else filled
        if name:
            used[path] = name
    return given, used


def _printable(value: object, path: Path, problems: Problems) -> object:
    """Return the value with None in place of everything that can't be printed and passed on.

    Environment variables and JSON's \\u escapes can contain what other text cannot.
    """
    if isinstance(value, dict):
        items = ((str(key), inner) for key, inner in cast("dict[object, object]", value).items())
        return {
            key: _printable(inner, (*path, key), problems) for key, inner in items if _fits(key, (*path, key), problems)
        }
    if isinstance(value, list):
        values = enumerate(cast("list[object]", value))
        return [_printable(inner, (*path, index), problems) for index, inner in values]
    return value if _fits(value, path, problems) else None


def _fits(value: object, path: Path, problems: Problems) -> bool:
    if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        problems.wrong(path, _UNFIT)
    elif isinstance(value, int) and abs(value) > _LARGEST:
        problems.wrong(path, "is out of the range of numbers; put it in quotes if it is text")
    else:
        return True
    return False


def _read(given: object, problems: Problems) -> StackSettings:
    """Return the stack file's settings. Whatever is wrong is added to `problems`, and has its default."""
    try:
        return StackSettings.model_validate(given)
    except ValidationError as error:
        wrong: set[Path] = set()
        for each in error.errors(include_url=False):
            path, kind = each["loc"], each["type"]
            if kind == "default_factory_not_called":
                continue  # the setting that it depends on is wrong, and reported
            if path[-1] == "[key]" and kind != "extra_forbidden":
                path = path[:-1]
            known = section_at(StackSettings, path[:-1]).fields() if kind == "extra_forbidden" else ()
            why = refused(path) if kind == "extra_forbidden" else ""
            problems.wrong(path, why or told(each, shown(path), known, hidden=problems.is_hidden(path)))
            wrong.add(path[:-1] if kind == "missing" else path)
        return _read(_without(given, wrong, ()), problems)


def _without(value: object, wrong: Collection[Path], path: Path) -> object:
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: _without(inner, wrong, (*path, key)) for key, inner in items if (*path, key) not in wrong}
    if isinstance(value, list):
        values = enumerate(cast("list[object]", value))
        return [_without(inner, wrong, (*path, index)) for index, inner in values if (*path, index) not in wrong]
    return value
