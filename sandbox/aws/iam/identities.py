"""What IAM asks itself: about roles, policies and identity providers, and about the boundaries of roles."""

from __future__ import annotations

import contextlib

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from sandbox.aws.iam.calls import Call

_RESOURCES = {"RoleName": "role", "InstanceProfileName": "instance-profile", "UserName": "user"}
_ARNS = ("PolicyArn", "OpenIDConnectProviderArn")
_ATTACHED = ("AttachRolePolicy", "DetachRolePolicy")
_BOUNDED = {
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
}
"""What IAM asks about together with the role's permissions boundary (service authorization reference)."""


def resources(call: Call) -> list[str]:
    """Return the ARNs of what a call is about."""
    if call.operation == "CreateServiceLinkedRole":
        return [f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{call.parameters['AWSServiceName']}/0"]
    if call.operation in ("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"):
        return [f"arn:aws:iam::{ACCOUNT}:instance-profile/{call.parameters['InstanceProfileName']}"]
    if call.operation == "CreatePolicy":
        return [f"arn:aws:iam::{ACCOUNT}:policy/{call.parameters['PolicyName']}"]
    named = [
        f"arn:aws:iam::{ACCOUNT}:{kind}/{call.parameters[key]}"
        for key, kind in _RESOURCES.items()
        if call.parameters.get(key)
    ]
    return named or [str(call.parameters[key]) for key in _ARNS if call.parameters.get(key)]


def context(call: Call) -> dict[str, str]:
    """Return the condition keys of a call: the boundary, and the policy that is attached or detached."""
    attached = call.parameters.get("PolicyArn") if call.operation in _ATTACHED else None
    return {**_boundary(call), **({"iam:PolicyARN": str(attached)} if attached else {})}


def _boundary(call: Call) -> dict[str, str]:
    """Return the permissions boundary that the role of a call is to have, or has."""
    if call.operation not in _BOUNDED:
        return {}
    given = call.parameters.get("PermissionsBoundary")
    if not given:
        with contextlib.suppress(NotFoundException):
            given = iam_backends[ACCOUNT]["aws"].get_role(str(call.parameters["RoleName"])).permissions_boundary_arn
    return {"iam:PermissionsBoundary": str(given)} if given else {}
