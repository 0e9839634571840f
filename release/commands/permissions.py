"""`permissions`: the IAM policy for one of the roles that work with a stack."""

from __future__ import annotations

import argparse
import os
import re

from infra.permissions import roles
from release import names
from release.clients import client, explained
from release.commands.options import stack_name
from release.commands.output import as_json, tell
from release.errors import ReleaseError

_ACCOUNT = re.compile(r"\d{12}")


HELP = "the IAM policy that a deployer, previewer, publisher, rollback, activate, drill or review needs"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--role", required=True, choices=sorted(roles.ROLES))
    command.add_argument("--account", help="default: the one of the credentials")
    command.add_argument(
        "--state", default="", metavar="BUCKET", help="the S3 bucket of Pulumi's state, or BUCKET/FOLDER"
    )
    command.add_argument("--key", default="", metavar="ARN", help="the KMS key of the stack's secrets")
    command.add_argument("--zone", default="", metavar="ID", help="the hosted zone of the domain (default: any)")
    command.add_argument("--replica", default="", metavar="REGION", help="the region of the store's replica")
    command.add_argument("--replica-bucket", default="", metavar="BUCKET", help="default: slipway-STACK-ACCOUNT-REGION")
    command.add_argument(
        "--boundary", default="", metavar="ARN", help="the boundary that each of the stack's roles has"
    )
    command.add_argument("--part", type=int, metavar="N", help="only what goes into the Nth managed policy")


def run(arguments: argparse.Namespace) -> None:
    """Print the policy as JSON. Asks AWS only for what the options leave out. Raises ReleaseError."""
    scope = roles.Scope(
        stack=names.REVIEWS if arguments.role == "review" else stack_name(arguments),
        region=_region(arguments),
        account=arguments.account or _account(arguments),
        bucket=arguments.bucket or os.environ.get("SLIPWAY_BUCKET", ""),
        state=arguments.state,
        key=arguments.key,
        zone=arguments.zone,
        replica=arguments.replica,
        replica_bucket=arguments.replica_bucket,
        boundary=arguments.boundary,
    )
    if not _ACCOUNT.fullmatch(scope.account):
        raise ReleaseError(f"--account: {scope.account!r} is not an AWS account id, which has 12 digits")
    parts = roles.parts(arguments.role, scope)
    if arguments.part is None:
        as_json(roles.policy(arguments.role, scope))
    elif 1 <= arguments.part <= len(parts):
        as_json(parts[arguments.part - 1])
    else:
        raise ReleaseError(f"--part: the {arguments.role}'s policy has {len(parts)}, from 1")
    if arguments.part is None and len(parts) > 1:
        said = f"{roles.size(roles.policy(arguments.role, scope))} characters; a managed policy may have {roles.LIMIT}"
        tell(f"{said}: --part 1 to --part {len(parts)} print what goes into each")


def _region(arguments: argparse.Namespace) -> str:
    region = arguments.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return str(region or client("sts").meta.region_name)


def _account(arguments: argparse.Namespace) -> str:
    with explained("find out the account (--account says it)", "AWS STS", ReleaseError):
        return str(client("sts", arguments.region).get_caller_identity()["Account"])
