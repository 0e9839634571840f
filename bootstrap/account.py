"""The whole set-up of an account: state, identity provider, and what each stack's people and pipelines get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from bootstrap import naming, trust
from bootstrap.access import Access, AccessArgs
from bootstrap.settings import AccountSettings
from bootstrap.state import State, StateArgs
from release import names


def declare(settings: AccountSettings, account: str) -> Mapping[str, Any]:
    """Declare everything and return the outputs: for each stack, what it is set up and deployed with."""
    State(
        "state",
        StateArgs(account=account, region=settings.region, replica=settings.replica, disposable=settings.destroy),
    )
    provider = settings.identity_provider or _provider()
    return {
        name: _outputs(
            name,
            settings.region_of(stack),
            account,
            Access(
                name,
                AccessArgs(
                    stack=name,
                    region=settings.region_of(stack),
                    account=account,
                    provider=provider,
                    repository=settings.repository,
                    settings=stack,
                    abroad=settings.region_of(stack) != settings.region,
                    disposable=settings.destroy,
                ),
            ),
        )
        for name, stack in settings.stacks.items()
    }


def _provider() -> pulumi.Output[str]:
    """Declare GitHub's identity provider, whose certificate AWS checks by itself."""
    return aws.iam.OpenIdConnectProvider(
        "github",
        url=f"https://{trust.ISSUER}",
        client_id_lists=[trust.AUDIENCE],
        tags=names.tags(naming.OWNER),
    ).arn


def _outputs(stack: str, region: str, account: str, access: Access) -> Mapping[str, Any]:
    return {
        "backend": naming.state_url(stack, account=account, region=region),
        "secretsProvider": naming.secrets_provider(stack, region=region),
        "key": access.key,
        "boundary": access.boundary,
        "roles": dict(access.roles),
    }
