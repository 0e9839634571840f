"""What of a step is compared: the infrastructure, without what makes up the release, which is reviewed apart. Pure.

A release is what its manifest says: commit, artifact, machine image, commands. A merge changes the commit, so none of
them may make a difference; whose image and which artifact may boot is checked where they are deployed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from release import names
from release.preview.steps import SECRET, UNKNOWN, Change, Step, parts_of
from release.preview.touched import GROUP, LAUNCH_TEMPLATE
from release.preview.user_data import decoded

AFTERWARDS = "[known afterwards]"
"""What stands for a value that is known only once something is made."""
_OF_TEMPLATE = re.compile(r"description|imageId|latestVersion|defaultVersion|blockDeviceMappings\.\d+\.deviceName")
_VERSION = re.compile(r"(mixedInstancesPolicy\.)?launchTemplate\.(launchTemplateSpecification\.)?version")
_USER_DATA = "userData"
_RELEASES = frozenset({"SHA", "DIGEST", "COMMAND"})
"""What user data says of the release."""
_ASSIGNMENT = re.compile(r"([A-Z_]+)=(.*)")


def changes(step: Step) -> tuple[Change, ...]:
    """Return what changes of a step but the release, by path; of what is created, all that it is given."""
    found: dict[str, tuple[Any, Any]] = {}
    told = step.changes if step.changes or step.op != "create" else _given(step.new)
    for change in told:
        if step.type == LAUNCH_TEMPLATE and change.path == _USER_DATA:
            before, after = _user_data(change.before), _user_data(change.after)
            if _USER_DATA in after:  # it is not told, so there is nothing to compare line by line
                before = {}
        else:
            before, after = (dict(_flat(change.path, value)) for value in (change.before, change.after))
        for path in {*before, *after}:
            values = before.get(path), after.get(path)
            # A secret that changes reads the same before and after.
            if not _is_release(step.type, path) and (_differ(*values) or SECRET in values):
                found[path] = values
    return tuple(Change(path=path, before=before, after=after) for path, (before, after) in sorted(found.items()))


def _differ(before: Any, after: Any) -> bool:  # noqa: ANN401 - JSON
    return json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True)  # Python takes 1 for True


def _given(inputs: Mapping[str, Any]) -> Sequence[Change]:
    return [Change(path=key, before=None, after=value) for key, value in inputs.items() if not key.startswith("__")]


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Yield each plain value below a path, however large a part of the resource the provider told to differ."""
    at = ".".join(str(part) for part in parts_of(path))
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from ((f"{at}.{rest}", plain) for rest, plain in _flat(json.dumps([key]), below))
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from ((f"{at}.{rest}", plain) for rest, plain in _flat(f"[{index}]", below))
    elif value is not None:
        yield at, AFTERWARDS if value == UNKNOWN else value


def _is_release(kind: str, path: str) -> bool:
    if path.endswith(f".{names.RELEASE_TAG}"):
        return True
    if kind == LAUNCH_TEMPLATE:
        return bool(_OF_TEMPLATE.fullmatch(path))
    return kind == GROUP and bool(_VERSION.fullmatch(path))


def _user_data(given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return what user data says, by name: its variables, the app's, and the rest as a digest."""
    if given in (None, ""):
        return {}
    if given in (SECRET, UNKNOWN):
        return {_USER_DATA: AFTERWARDS if given == UNKNOWN else given}
    text = decoded(given)
    if text is None:
        return {_USER_DATA: _digest(str(given))}
    said: dict[str, Any] = {}
    rest: list[str] = []
    name = ""
    for line in text.split("\n"):
        if found := _ASSIGNMENT.fullmatch(line):
            name = found[1]
            said[name] = found[2]
        elif line.startswith("# Release ") and not name:
            continue
        else:
            rest.append(line)
    said = {name: value for name, value in said.items() if not (name in _RELEASES and _is_word(value))}
    said.update(_environment(said.pop("ENVIRONMENT", "")))
    return {f"{_USER_DATA}.{name}": value for name, value in {**said, "boot script": _digest("\n".join(rest))}.items()}


def _is_word(assigned: str) -> bool:
    """Return whether what is assigned is a plain word, in which the shell runs nothing."""
    try:
        (word,) = shlex.split(assigned)
    except ValueError:
        return False
    return shlex.quote(word) == assigned


def _environment(assigned: str) -> dict[str, Any]:
    """Return the app's variables, as `ENVIRONMENT.NAME`."""
    try:
        variables: Any = json.loads("".join(shlex.split(assigned)) or "{}")
        return {f"ENVIRONMENT.{name}": value for name, value in variables.items()}
    except (ValueError, AttributeError):
        return {"ENVIRONMENT": _digest(assigned)}


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
