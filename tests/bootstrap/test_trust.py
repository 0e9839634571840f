"""Who may take on a role, as the sandbox decides by AWS's rules."""

from __future__ import annotations

from bootstrap import naming, trust

PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{trust.ISSUER}"


def test_only_one_repositorys_environment_is_trusted():
    """By equality: a pattern would also match what somebody else can name a repository or a branch."""
    (jobs,) = trust.policy(provider=PROVIDER, repository="acme/shop", environments=["prod"], root="")["Statement"]
    assert jobs["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": ["repo:acme/shop:environment:prod"],
        }
    }
    assert jobs["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert jobs["Principal"] == {"Federated": PROVIDER}


def test_people_are_trusted_by_name():
    """The account as the principal lets nobody in by itself; the condition names who."""
    root, person = "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/oncall"
    policy = trust.policy(provider=PROVIDER, repository="a/b", environments=["x"], root=root, people=[person])
    people = policy["Statement"][1]
    assert people["Principal"] == {"AWS": root}
    assert people["Condition"] == {"ArnLike": {"aws:PrincipalArn": [person]}}


def test_no_name_is_one_that_a_stacks_deployer_may_change():
    """A deployer changes roles and buckets whose names begin with slipway-, a hyphen and the stack."""
    for name in (
        naming.role_name("prod", "deployer"),
        naming.policy_name("prod", "deployer", 1),
        naming.parts_boundary_name("prod"),
        naming.roles_boundary_name("prod"),
        naming.state_bucket("111122223333", "eu-west-1"),
    ):
        assert not name.startswith("slipway-")
