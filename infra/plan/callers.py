"""Checks that the provider and boto3 act as the same caller: what one makes, the other rolls out. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_SIGN_IN = {
    "profile": "`pulumi config rm aws:profile && export AWS_PROFILE={value}`",
    "assumeRoles": "a profile with that `role_arn` in ~/.aws/config, and AWS_PROFILE",
    "assumeRole": "a profile with that `role_arn` in ~/.aws/config, and AWS_PROFILE",
    "assumeRoleWithWebIdentity": "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE",
    "accessKey": "AWS_ACCESS_KEY_ID",
    "secretKey": "AWS_SECRET_ACCESS_KEY",
    "token": "AWS_SESSION_TOKEN",
    "sharedCredentialsFiles": "AWS_SHARED_CREDENTIALS_FILE",
    "sharedCredentialsFile": "AWS_SHARED_CREDENTIALS_FILE",
    "sharedConfigFiles": "AWS_CONFIG_FILE",
}
"""The settings of the provider that say who it is, and the variable that tells boto3 as well."""
_REACH = {
    "endpoints": "AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_<SERVICE>)",
    "useFipsEndpoint": "AWS_USE_FIPS_ENDPOINT",
    "useDualstackEndpoint": "AWS_USE_DUALSTACK_ENDPOINT",
}
"""The settings that say where AWS is: two that differ in them may see different things, whoever they are."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A caller of AWS, and its region. `arn` is GetCallerIdentity's."""

    account: str
    arn: str
    region: str

    @property
    def principal(self) -> str:
        """Return the user or role, without the session that each process makes of a role."""
        return re.sub(r"(:assumed-role/.+)/[^/]+$", r"\1", self.arn)


def problems(provider: Caller, boto3: Caller, settings: dict[str, str]) -> Iterator[str]:
    """Yield how they differ; `settings` are those of the stack file below `aws:`."""
    for name in sorted(settings.keys() & _REACH.keys()):
        if settings[name] not in ("", "[]", "{}", "false"):
            yield (
                f"aws:{name}: reaches the provider alone, not the rollout (boto3); "
                f"set {_REACH[name]} instead, which both follow, and `pulumi config rm aws:{name}`"
            )
    if provider.region != boto3.region:
        yield (
            f"aws:region: the provider works in {provider.region}, the rollout in {boto3.region}; "
            f"set it with `pulumi config set aws:region {boto3.region}`"
        )
    if provider.account != boto3.account or (
        provider.principal != boto3.principal and settings.keys() & _SIGN_IN.keys()
    ):
        yield (
            f"the AWS credentials: the provider acts as {provider.arn} (account {provider.account}), the rollout "
            f"(boto3) as {boto3.arn} (account {boto3.account}); {_remedy(settings)}"
        )


def _remedy(settings: dict[str, str]) -> str:
    found: Collection[str] = sorted(settings.keys() & _SIGN_IN.keys())
    if not found:
        return "set AWS_PROFILE, or the access key's variables, so that both find the same"
    ways = [f"instead of aws:{name} {_SIGN_IN[name].format(value=settings[name])}" for name in found]
    return f"{' and '.join(f'aws:{name}' for name in found)} reaches the provider alone: use {', '.join(ways)}"
