"""Who did it, for manifests and the ledger: the person behind a CI run, else the user of this machine; and the caller.

What the environment says is for people who read the history: anyone can set it. Beside it is the ARN that AWS knows the
caller's credentials by.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from functools import cache

from botocore.config import Config

from release.clients import FAILURES, client
from release.errors import ReleaseError
from release.text import one_line

_SHORTLY = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=5)
"""Nothing waits for long for a name: a deploy goes on without it."""

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


@cache
def caller(region: str) -> str | None:
    """The caller's ARN (STS GetCallerIdentity, asked once, in the region); None where AWS does not say."""
    try:
        answer = client("sts", region, _SHORTLY).get_caller_identity()
    except (ReleaseError, *FAILURES):
        return None
    return one_line(answer["Arn"])
