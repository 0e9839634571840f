"""What the deployer of the stack could try to become more than it is."""

from __future__ import annotations

import json
from typing import Any

from infra.permissions import policies
from release import names
from tests.engine.conftest import REGION
from tests.engine.guarded import ACCOUNT, STACK

ALL_RIGHTS = json.dumps(policies.document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
ANYBODY = json.dumps(policies.document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}))
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
MADE = f"slipway-{STACK}-made"


def ways_up(boundary: str, key: str, publisher: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What a deployer could try to become more: service, operation and parameters."""
    own, fleet = {"RoleName": f"slipway.{STACK}.deployer"}, {"RoleName": names.role_name(STACK, "web", REGION)}
    new, policy = {"AssumeRolePolicyDocument": ANYBODY}, {"PolicyName": "more", "PolicyDocument": ALL_RIGHTS}
    return [
        ("iam", "create_role", {**new, "RoleName": MADE}),
        ("iam", "create_role", {**new, "RoleName": MADE, "PermissionsBoundary": ADMINISTRATOR}),
        ("iam", "create_role", {**new, "RoleName": "elsewhere", "PermissionsBoundary": boundary}),
        ("iam", "delete_role_permissions_boundary", fleet),
        ("iam", "put_role_permissions_boundary", {**fleet, "PermissionsBoundary": ADMINISTRATOR}),
        ("iam", "attach_role_policy", {**fleet, "PolicyArn": ADMINISTRATOR}),
        ("iam", "delete_role_permissions_boundary", own),
        ("iam", "put_role_permissions_boundary", {**own, "PermissionsBoundary": boundary}),
        ("iam", "put_role_policy", {**own, **policy}),
        ("iam", "attach_role_policy", {**own, "PolicyArn": ADMINISTRATOR}),
        ("iam", "update_assume_role_policy", {**own, "PolicyDocument": ANYBODY}),
        ("iam", "create_policy_version", {"PolicyArn": boundary, "PolicyDocument": ALL_RIGHTS, "SetAsDefault": True}),
        ("iam", "create_user", {"UserName": "more"}),
        ("sts", "assume_role", {"RoleArn": publisher, "RoleSessionName": "more"}),
        ("kms", "schedule_key_deletion", {"KeyId": key}),
        ("s3", "get_object", {"Bucket": f"state-slipway-{ACCOUNT}-{REGION}", "Key": "bootstrap/.pulumi/meta.yaml"}),
    ]
