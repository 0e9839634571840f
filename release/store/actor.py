"""Names who publishes or deploys, for manifests and the ledger: a person, and the ARN of the credentials used.

The person is whoever the environment names, for people who read the history: anyone can set that. The ARN is what AWS
says.
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
"""A deploy goes on without the ARN rather than wait for it."""

_CI = {
    "GITHUB_ACTOR": "GitHub Actions",
    "GITLAB_USER_LOGIN": "GitLab CI",
    "BUILDKITE_BUILD_CREATOR": "Buildkite",
    "CIRCLE_USERNAME": "CircleCI",
}


def actor(environment: Mapping[str, str]) -> str:
    """Return `SLIPWAY_BY` if it is set; in CI, the user and the system; else the operating system's user."""
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
    """Return the caller's ARN (STS GetCallerIdentity, asked once a region), or None if AWS does not answer."""
    try:
        answer = client("sts", region, _SHORTLY).get_caller_identity()
    except (ReleaseError, *FAILURES):
        return None
    return one_line(answer["Arn"])
