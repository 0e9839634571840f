"""Who did it: what the environment says, and what AWS does."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from release.store import actor


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SLIPWAY_BY": "alex", "GITHUB_ACTOR": "kim"}, "alex"),
        ({"GITHUB_ACTOR": "kim"}, "kim (GitHub Actions)"),
        ({"GITLAB_USER_LOGIN": "kim"}, "kim (GitLab CI)"),
    ],
)
def test_the_name_is_what_the_environment_says(environment: dict[str, str], said: str):
    """For people: anyone can set it."""
    assert actor.actor(environment) == said


class Sts:
    """What answers GetCallerIdentity, or does not."""

    def __init__(self, arn: str | None) -> None:
        self.arn, self.asked = arn, 0

    def __call__(self, service: str, region: str, _config: object) -> Sts:
        assert (service, region) == ("sts", "eu-west-1")
        return self

    def get_caller_identity(self) -> dict[str, str]:
        self.asked += 1
        if self.arn is None:
            raise ClientError({"Error": {"Code": "Throttling"}}, "GetCallerIdentity")
        return {"Arn": self.arn}


@pytest.mark.parametrize("arn", ["arn:aws:sts::123456789012:assumed-role/deploy/kim", None])
def test_aws_is_asked_once(arn: str | None, monkeypatch: pytest.MonkeyPatch):
    """Where it does not answer there is no name, and nothing else is lost."""
    sts = Sts(arn)
    monkeypatch.setattr(actor, "client", sts)
    actor.caller.cache_clear()
    assert {actor.caller("eu-west-1") for _ in range(3)} == {arn}
    assert sts.asked == 1
    actor.caller.cache_clear()
