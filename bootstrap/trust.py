"""Who may take on the roles: jobs of one repository's environment by GitHub's token, and named people. Pure.

Sources: GitHub's documentation, "Configuring OpenID Connect in Amazon Web Services" and "OpenID Connect reference"; IAM
user guide, "Create a role for OpenID Connect federation".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.permissions.policies import Statement, document

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def policy(
    *, provider: str, repository: str, environments: Sequence[str], root: str, people: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the trust policy of a role; `root` is the ARN of the account, `people` are ARNs with wildcards.

    An environment, not the branch, is what the token has to name: GitHub lets an environment be limited to branches
    and reviewers, and writes its name, and no branch, into the subject of each job that runs in it.
    """
    jobs: Statement = {
        "Sid": "Jobs",
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": AUDIENCE,
                f"{ISSUER}:sub": [f"repo:{repository}:environment:{each}" for each in environments],
            }
        },
    }
    if not people:
        return document(jobs)
    named: Statement = {
        "Sid": "People",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": list(people)}},
    }
    return document(jobs, named)
