"""Reads launch template versions: which release is in one, and whether two have the same content."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from botocore.config import Config
from botocore.exceptions import ClientError

from release.clients import CONFIG, client, code
from release.rollout.observed import Template

_GONE = {"InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.VersionNotFound"}
_ASSIGNED = re.compile(rb"^DIGEST=([0-9a-f]{64})$", re.MULTILINE)
_GZIP = b"\x1f\x8b"
_USER_DATA = 1 << 20
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
    """Return the description of a launch template version that has this release."""
    return f"Release {sha}"


@dataclass(frozen=True, kw_only=True)
class Baked:
    """The release in a launch template version. `digest` is None if none can be read from the user data."""

    sha: str
    digest: str | None


class Templates:
    """The launch templates of one region."""

    def __init__(self, region: str | None = None, config: Config = CONFIG) -> None:
        self._ec2 = client("ec2", region, config)
        self._baked: dict[Template, Baked | None] = {}  # a version never changes

    def baked(self, templates: Iterable[Template]) -> dict[Template, Baked]:
        """Return the releases in these versions, without versions that are gone or have none."""
        asked = set(templates)
        # Other fleets' threads add to it meanwhile, so nothing iterates over it.
        unknown = {template for template in asked if template not in self._baked}
        for template, shown in self._shown(unknown).items():
            sha = _release(shown)
            digest = _digest(shown["LaunchTemplateData"].get("UserData", ""))
            self._baked[template] = Baked(sha=sha, digest=digest) if sha else None
        return {template: baked for template in asked if (baked := self._baked.get(template))}

    def contents(self, templates: Iterable[Template]) -> dict[Template, str]:
        """Return the contents of these versions in a comparable form, without versions that are gone."""
        return {template: meaning(shown["LaunchTemplateData"]) for template, shown in self._shown(templates).items()}

    def _shown(self, templates: Iterable[Template]) -> dict[Template, Mapping[str, Any]]:
        wanted: dict[str, set[str]] = {}
        for template in templates:
            wanted.setdefault(template.id, set()).add(template.version)
        return {
            Template(id=template_id, version=str(shown["VersionNumber"])): shown
            for template_id, versions in wanted.items()
            for shown in self._versions(template_id, sorted(versions))
        }

    def release_of(self, template: Template) -> str | None:
        """Return the SHA of the release in a version, or None if it has none."""
        shown = self._versions(template.id, [template.version])
        return _release(shown[0]) if shown else None

    def data(self, template: Template) -> Mapping[str, Any] | None:
        """Return the LaunchTemplateData of a version, or None if it is gone."""
        shown = self._versions(template.id, [template.version])
        return shown[0]["LaunchTemplateData"] if shown else None

    def newest_of(self, template_id: str, sha: str) -> Template | None:
        """Return the newest version that has the release, or None."""
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
            if code(error) not in _GONE:
                raise
            # The API refuses all of them for one that is gone.
            return [shown for each in versions for shown in self._versions(template_id, [each])] if versions[1:] else []
        return list(answer["LaunchTemplateVersions"])


def meaning(data: Mapping[str, Any]) -> str:
    """Return LaunchTemplateData in a form that is equal if EC2 would launch equal instances.

    The order of its lists means nothing (tags, tag specifications, security groups, devices by name, interfaces by
    index), and pulumi-aws sends some of them in a different order each time. A field that is not set equals EC2's
    default.
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


def _digest(user_data: str) -> str | None:
    """Return the digest of the artifact that the user data (base64) tells an instance to fetch, or None."""
    try:
        text = base64.b64decode(user_data)
        if text.startswith(_GZIP):
            text = zlib.decompressobj(wbits=31).decompress(text, _USER_DATA)
    except (ValueError, zlib.error):
        return None
    named = _ASSIGNED.search(text)
    return named[1].decode() if named else None
