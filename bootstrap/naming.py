"""What the parts of an account's set-up are called, and where a stack's state and key are. Pure.

The names of roles and policies have dots: a stack's deployer may change the roles `slipway-STACK-…`, which no name here
begins with, whatever the stacks are called.
"""

from __future__ import annotations

from release import names

OWNER = "bootstrap"
"""The value of the tag `slipway:stack` on all that is made here."""


def role_name(stack: str, role: str) -> str:
    """Return the name of a role of people and pipelines, such as slipway.prod.deployer."""
    return f"slipway.{stack}.{role}"


def policy_name(stack: str, role: str, part: int) -> str:
    """Return the name of the managed policy with one part, from 1, of what a role may do."""
    return f"{role_name(stack, role)}.{part}"


def parts_boundary_name(stack: str) -> str:
    """Return the name of the boundary of the roles that a stack makes."""
    return f"slipway.{stack}.boundary"


def roles_boundary_name(stack: str) -> str:
    """Return the name of the boundary of the roles of people and pipelines."""
    return f"slipway.{stack}.roles-boundary"


def policy_arn(name: str, *, account: str, region: str) -> str:
    """Return the ARN of a managed policy of the account; the region tells the partition."""
    return f"arn:{names.partition(region)}:iam::{account}:policy/{name}"


def state_bucket(account: str, region: str) -> str:
    """Return the name of a region's bucket of state; no stack's own bucket begins so."""
    return f"state-slipway-{account}-{region}"


def state_url(stack: str, *, account: str, region: str) -> str:
    """Return what PULUMI_BACKEND_URL is for a stack: each has a folder of its own, for who may read and write it."""
    return f"s3://{state_bucket(account, region)}/{stack}?region={region}"


def key_alias(stack: str) -> str:
    """Return the name of the key of a stack's secrets."""
    return f"alias/slipway/{stack}"


def secrets_provider(stack: str, *, region: str) -> str:
    """Return what `pulumi stack init --secrets-provider` takes for a stack."""
    return f"awskms://{key_alias(stack)}?region={region}"
