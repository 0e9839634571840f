"""Roles and their policies.

Each statement that allows too much breaks one rule: the first of those below that it breaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from policy.resource import Json, Resource, many, statements
from policy.rule import Rules
from policy.rules import types

rules = Rules()

_POLICIES = (types.ROLE_POLICY, types.POLICY)
_ESCALATING = (
    "iam:AddUserToGroup",
    "iam:Attach*Policy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:PassRole",
    "iam:Put*Policy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "sts:AssumeRole",
)
"""What makes more of one's rights, or hands out credentials, unless it is limited to some roles or users.

Source: the methods that Checkov's CKV_AWS_286 and 287 look for (cloudsplaining, "Privilege escalation").
"""
_UNLIMITED = (
    "*:Describe*",
    "*:List*",
    "acm:RequestCertificate",
    "cloudwatch:GetMetric*",
    "iam:GetAccountSummary",
    "kms:CreateKey",
    "logs:GetQueryResults",
    "route53:Get*",
    "s3:GetAccountPublicAccessBlock",
    "servicequotas:Get*",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:*",
    "ec2messages:*",
    "sts:GetCallerIdentity",
)
"""What has no resource to be limited to, or one not known beforehand (an instance that registers), or only tells what
there is. Source: Service Authorization Reference."""


def allowed(resource: Resource) -> Iterator[Mapping[str, Json]]:
    """Yield the statements of a policy that allow something."""
    yield from (found for found in statements(resource.get("policy")) if found.get("Effect") == "Allow")


def everything(statement: Mapping[str, Json]) -> bool:
    """Return whether a statement is about every resource, whatever the circumstances."""
    return "*" in many(statement.get("Resource")) and not statement.get("Condition")


def matches(action: str, patterns: tuple[str, ...]) -> bool:
    """Return whether an action, which may itself end in `*`, is one of the patterns; IAM ignores case."""
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def grants(action: str, names: tuple[str, ...]) -> bool:
    """Return whether a pattern of actions covers one of the names, or one of their patterns covers it."""
    return any(fnmatchcase(name.lower().replace("*", ""), action.lower()) or matches(action, (name,)) for name in names)


def whole_service(action: str) -> bool:
    return action.endswith(":*") and not matches(action, _UNLIMITED)


@rules.alone(
    "iam-administrator",
    "No policy allows everything",
    types=_POLICIES,
    controls=["IAM.1"],
    level="mandatory",
    fix="list the actions; docs/permissions.md has what each role needs",
)
def administrator(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy):
        if any(action in ("*", "*:*") for action in many(statement.get("Action"))) or statement.get("NotAction"):
            yield "a statement allows every action"


@rules.alone(
    "iam-service-wildcard",
    "No policy allows all actions of a service",
    types=_POLICIES,
    controls=["IAM.21"],
    level="advisory",
    fix="list the actions; docs/permissions.md has what each role needs",
)
def service_wildcard(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy):
        for action in many(statement.get("Action")):
            if whole_service(str(action)):
                yield f"a statement allows {action}"


@rules.alone(
    "iam-escalation",
    "Nobody gives themselves more rights",
    types=_POLICIES,
    controls=["CKV_AWS_286", "CKV_AWS_287"],
    level="mandatory",
    fix="limit the statement to the roles it is for",
)
def escalation(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy):
        for action in many(statement.get("Action")) if everything(statement) else ():
            if ":" in str(action) and not whole_service(str(action)) and grants(str(action), _ESCALATING):
                yield f"a statement allows {action} on every resource"


@rules.alone(
    "iam-resource-wildcard",
    "What can be limited to some resources is",
    types=_POLICIES,
    controls=["CKV_AWS_288", "CKV_AWS_289", "CKV_AWS_290", "CKV_AWS_355"],
    level="advisory",
    fix="limit the statement to the ARNs of this stack, or by a condition",
)
def resource_wildcard(policy: Resource) -> Iterator[str]:
    for statement in allowed(policy):
        for action in many(statement.get("Action")) if everything(statement) else ():
            name = str(action)
            if ":" not in name or whole_service(name) or grants(name, _ESCALATING) or matches(name, _UNLIMITED):
                continue
            yield f"a statement allows {name} on every resource"


@rules.alone(
    "iam-oidc-claims",
    "A role that a CI host assumes names whose workflows may",
    types=[types.ROLE],
    controls=["CKV_AWS_358"],
    level="mandatory",
    fix="require aud and sub in the trust policy: repo:OWNER/NAME:environment:NAME",
)
def oidc_claims(role: Resource) -> Iterator[str]:
    """Every repository of the world gets tokens from the same provider: only `sub` tells them apart."""
    for statement in statements(role.get("assumeRolePolicy")):
        principal = statement.get("Principal")
        federated = many(principal.get("Federated")) if isinstance(principal, Mapping) else ()
        if any(":oidc-provider/" in str(provider) for provider in federated):
            condition = statement.get("Condition")
            yield from _claims(condition if isinstance(condition, Mapping) else {})


def _claims(condition: Mapping[str, Json]) -> Iterator[str]:
    required = {
        key.rpartition(":")[2]: [str(value) for value in many(values)]
        for operator, pairs in condition.items()
        if operator in ("StringEquals", "StringLike", "ForAnyValue:StringEquals", "ForAnyValue:StringLike")
        for key, values in (pairs.items() if isinstance(pairs, Mapping) else ())
    }
    if not required.get("aud"):
        yield "the trust policy does not require the audience (aud)"
    subjects = required.get("sub", ["*"])
    if any(subject.startswith("*") or subject.startswith("repo:*") for subject in subjects):
        yield "the trust policy does not say whose workflows may assume the role (sub)"
