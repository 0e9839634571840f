"""Who did it, for manifests and the ledger: the person behind a CI run, else the user of this machine. Pure.

This is for people who read the history. What AWS accepts as proof of identity is in CloudTrail.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping

_CI = {
    "GITHUB_ACTOR": "GitHub Actions",
    "GITLAB_USER_LOGIN": "GitLab CI",
    "BUILDKITE_BUILD_CREATOR": "Buildkite",
    "CIRCLE_USERNAME": "CircleCI",
}


def actor(environment: Mapping[str, str]) -> str:
    """`SLIPWAY_BY` where it is set; in CI its user and its name; else the operating system's user."""
    if by := environment.get("SLIPWAY_BY"):
        return by
    for variable, system in _CI.items():
        if user := environment.get(variable):
            return f"{user} ({system})"
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"
