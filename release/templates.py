"""What launch template versions say, and which release is in one: the EC2 side of a fleet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from botocore.exceptions import ClientError

from release.clients import client, code
from release.rollout import Template

_GONE = {"InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.VersionNotFound"}
_DESCRIPTION = re.compile(r"Release ([0-9a-f]{40})")

_DEFAULTS: Mapping[str, Any] = {
    "DisableApiStop": False,
    "DisableApiTermination": False,
    "EbsOptimized": False,
    "InstanceInitiatedShutdownBehavior": "stop",
    "Monitoring": {"Enabled": False},
}
_NOTHING: tuple[Any, ...] = ("", "None", [], {})


def description(sha: str) -> str:
    """How a launch template version says which release it is."""
    return f"Release {sha}"


class Templates:
    """The launch templates of one region."""

    def __init__(self, region: str | None = None) -> None:
        self._ec2 = client("ec2", region)

    def contents(self, templates: Iterable[Template]) -> dict[Template, str]:
        """What those versions say, in one comparable form; a version that is gone is left out."""
        wanted: dict[str, set[str]] = {}
        for template in templates:
            wanted.setdefault(template.id, set()).add(template.version)
        found: dict[Template, str] = {}
        for template_id, versions in wanted.items():
            for shown in self._versions(template_id, sorted(versions)):
                key = Template(id=template_id, version=str(shown["VersionNumber"]))
                found[key] = meaning(shown["LaunchTemplateData"])
        return found

    def release_of(self, template: Template) -> str | None:
        """The SHA of the release that a version has, or None where it names none."""
        shown = self._versions(template.id, [template.version])
        return _release(shown[0]) if shown else None

    def newest_of(self, template_id: str, sha: str) -> Template | None:
        """The newest version that has the release, or None where none has."""
        pages = self._ec2.get_paginator("describe_launch_template_versions").paginate(LaunchTemplateId=template_id)
        versions = [
            int(shown["VersionNumber"])
            for page in pages
            for shown in page["LaunchTemplateVersions"]
            if _release(shown) == sha
        ]
        return Template(id=template_id, version=str(max(versions))) if versions else None

    def _versions(self, template_id: str, versions: Sequence[str]) -> list[Mapping[str, Any]]:
        try:
            answer = self._ec2.describe_launch_template_versions(LaunchTemplateId=template_id, Versions=list(versions))
        except ClientError as error:
            if code(error) in _GONE:
                return []
            raise
        return answer["LaunchTemplateVersions"]


def meaning(data: Mapping[str, Any]) -> str:
    """What LaunchTemplateData means: equal for versions of which EC2 makes the same instances.

    None of its lists has an order that means anything (tags, tag specifications, security groups, devices by name,
    interfaces by index), and pulumi-aws sends some of them in another one each time. What is left out is what EC2 takes
    anyway.
    """
    return _text(_meaning({**_DEFAULTS, **data}))


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, sort_keys=True)


def _meaning(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        inner = {key: _meaning(each) for key, each in cast("Mapping[str, Any]", value).items() if key != "State"}
        return {key: each for key, each in inner.items() if each not in _NOTHING}
    if isinstance(value, (list, tuple)):
        return sorted((_meaning(each) for each in cast("Sequence[Any]", value)), key=_text)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _release(shown: Mapping[str, Any]) -> str | None:
    named = _DESCRIPTION.fullmatch(str(shown.get("VersionDescription", "")))
    return named[1] if named else None
