"""The steps of a preview or a refresh: which resource, what becomes of it, which of its properties change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what the engine prints in place of one
"""What stands for a secret's value, before and after alike."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is known only once something is made (Pulumi SDK, `UNKNOWN_VALUE`)."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A property that changes. `before` and `after` are JSON values; None where there is none."""

    path: str
    """As the engine writes it: `tags.Name`, `ingress[0].cidrBlocks`."""
    before: Any
    after: Any
    replaces: bool = False
    """Whether the resource has to be replaced because of it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens to one resource."""

    op: str
    """`create`, `update`, `replace`, `delete`, `import`, `read`…, as the engine names it; never `same`."""
    urn: str
    type: str
    """Such as `aws:ec2/launchTemplate:LaunchTemplate`."""
    name: str
    """The logical name: the last part of the URN."""
    changes: tuple[Change, ...] = ()
    old: Mapping[str, Any]
    """The inputs before, with SECRET in place of secrets; empty for what is created."""
    new: Mapping[str, Any]
    """The inputs after; empty for what is deleted."""
