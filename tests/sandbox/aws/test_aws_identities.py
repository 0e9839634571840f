"""Who may take on which role, and what a boundary leaves of it; keys and their policies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.service import tokens
from tests.aws.emulator import REGION, Emulator

pytestmark = pytest.mark.sandbox

ACCOUNT = "123456789012"
ISSUER = "token.actions.githubusercontent.com"
SUBJECT = "repo:acme/shop:environment:prod"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(**conditions: dict[str, str]) -> dict[str, Any]:
    """A statement that trusts GitHub's tokens on these conditions."""
    return {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }


def token(by: str = "test", **changed: object) -> str:
    """What GitHub would give a job of the environment `prod`; `by` is the session that signs it."""
    claims = {"iss": f"https://{ISSUER}", "aud": "sts.amazonaws.com", "sub": SUBJECT, "exp": time.time() + 60}
    return tokens.made({**claims, **changed}, by)


class Account:
    """Roles and policies, gone after the test."""

    def __init__(self, aws: Emulator) -> None:
        self._aws = aws
        self.iam = aws.client("iam")
        self.provider = self.iam.create_open_id_connect_provider(
            Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"]
        )["OpenIDConnectProviderArn"]
        self._roles: list[str] = []
        self._policies: list[str] = []

    def policy(self, name: str, *statements: dict[str, Any]) -> str:
        made = self.iam.create_policy(PolicyName=name, PolicyDocument=document(*statements))["Policy"]["Arn"]
        self._policies.append(made)
        return made

    def role(self, name: str, trust: dict[str, Any], *statements: dict[str, Any], **more: Any) -> str:
        """A role with these statements in a managed policy."""
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust), **more)["Role"]["Arn"]
        self._roles.append(name)
        if statements:
            self.iam.attach_role_policy(RoleName=name, PolicyArn=self.policy(f"{name}-policy", *statements))
        return made

    def by_token(self, role: str, given: str, **more: Any) -> Any:
        """The session that a token gives: asked for without any key, as AWS's SDKs do."""
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        sts = boto3.client("sts", region_name=REGION, endpoint_url=self._aws.url, config=config)
        session = {"RoleArn": role, "RoleSessionName": "job", "WebIdentityToken": given}
        return self.session(sts.assume_role_with_web_identity(**session, **more)["Credentials"])

    def session(self, got: dict[str, str]) -> Callable[..., Any]:
        def client(service: str, region: str = REGION) -> Any:
            return boto3.client(
                service,
                region_name=region,
                endpoint_url=self._aws.url,
                aws_access_key_id=got["AccessKeyId"],
                aws_secret_access_key=got["SecretAccessKey"],
                aws_session_token=got["SessionToken"],
            )

        return client

    def assume(self, role: str) -> Callable[..., Any]:
        """The session that an administrator takes on."""
        sts = self._aws.client("sts")
        return self.session(sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"])

    def end(self) -> None:
        for name in self._roles:
            for each in self.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
                self.iam.detach_role_policy(RoleName=name, PolicyArn=each["PolicyArn"])
            for each in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
                self.iam.delete_role_policy(RoleName=name, PolicyName=each)
            self.iam.delete_role(RoleName=name)
        for arn in self._policies:
            self.iam.delete_policy(PolicyArn=arn)
        with suppress(ClientError):
            self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=self.provider)


@pytest.fixture
def account(aws: Emulator) -> Iterator[Account]:
    made = Account(aws)
    yield made
    made.end()


def refused(call: Callable[..., object], *given: object, **arguments: object) -> str:
    with pytest.raises(ClientError) as error:
        call(*given, **arguments)
    return error.value.response["Error"]["Code"]


PROD = {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": SUBJECT}}


def test_a_token_takes_on_the_role_that_trusts_its_subject(account: Account):
    """And has what the role's policies say, no more."""
    role = account.role("deployer", trusting(**PROD), {**EVERYTHING, "Action": "ec2:DescribeVpcs"})
    job = account.by_token(role, token())
    assert job("sts").get_caller_identity()["Arn"].endswith("assumed-role/deployer/job")
    assert "Vpcs" in job("ec2").describe_vpcs()
    assert refused(job("ec2").describe_subnets) == "UnauthorizedOperation"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sub": "repo:acme/shop:environment:preview"}, "AccessDenied"),
        ({"sub": "repo:acme/shop-two:environment:prod"}, "AccessDenied"),
        ({"sub": "repo:ACME/shop:environment:prod"}, "AccessDenied"),
        ({"aud": "another"}, "InvalidIdentityToken"),
        ({"iss": "https://issuer.example"}, "InvalidIdentityToken"),
        ({"exp": time.time() - 1}, "ExpiredTokenException"),
        ({"by": "forged"}, "InvalidIdentityToken"),
    ],
    ids=["environment", "repository", "case", "audience", "issuer", "age", "signature"],
)
def test_another_token_is_refused(account: Account, changed: dict[str, Any], code: str):
    """Another environment, another repository, another audience, an unknown issuer, too old, or signed by another."""
    role = account.role("deployer", trusting(**PROD))
    assert refused(account.by_token, role, token(**changed)) == code


def test_a_pattern_in_the_trust_matches_as_a_pattern(account: Account):
    """StringLike has wildcards, StringEquals has none; a token is no way into a role that trusts something else."""
    some = {"StringLike": {f"{ISSUER}:sub": "repo:acme/*:environment:prod"}}
    assert account.by_token(account.role("some", trusting(**some)), token())
    literally = {"StringEquals": {f"{ISSUER}:sub": "repo:acme/*:environment:prod"}}
    assert refused(account.by_token, account.role("literally", trusting(**literally)), token()) == "AccessDenied"
    assert refused(account.by_token, account.role("others", ANYONE), token()) == "AccessDenied"
    assert refused(account.by_token, f"arn:aws:iam::{ACCOUNT}:role/none", token()) == "AccessDenied"


def test_a_session_lasts_as_long_as_its_role_allows(account: Account):
    """An hour, unless the role says otherwise."""
    role = account.role("deployer", trusting(**PROD))
    assert refused(account.by_token, role, token(), DurationSeconds=7200) == "ValidationError"
    account.iam.update_role(RoleName="deployer", MaxSessionDuration=7200)
    assert account.by_token(role, token(), DurationSeconds=7200)


def test_people_take_on_what_trusts_them(account: Account):
    """By name; or as the account's, if their own policy says so too."""
    me = "arn:aws:iam::123456789012:role/oncall"
    root = f"arn:aws:iam::{ACCOUNT}:root"
    oncall = account.assume(account.role("oncall", ANYONE))
    by_name = account.role("by-name", {**ANYONE, "Principal": {"AWS": me}})
    session = {"RoleSessionName": "me"}
    assert oncall("sts").assume_role(RoleArn=by_name, **session)
    by_account = account.role("by-account", {**ANYONE, "Principal": {"AWS": root}})
    assert refused(oncall("sts").assume_role, RoleArn=by_account, **session) == "AccessDenied"
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": by_account}
    account.iam.put_role_policy(RoleName="oncall", PolicyName="p", PolicyDocument=document(may))
    assert oncall("sts").assume_role(RoleArn=by_account, **session)
    others = {**ANYONE, "Principal": {"AWS": root}, "Condition": {"ArnLike": {"aws:PrincipalArn": f"{me}-2"}}}
    assert refused(oncall("sts").assume_role, RoleArn=account.role("x", others), **session) == "AccessDenied"
    nobody = account.role("nobody", {**ANYONE, "Principal": {"Service": "ec2.amazonaws.com"}})
    assert refused(account.assume, nobody) == "AccessDenied"


def test_a_boundary_is_the_most_that_a_role_may(account: Account):
    """What policy and boundary both allow; a boundary alone allows nothing."""
    boundary = account.policy("boundary", {**EVERYTHING, "Action": ["ec2:DescribeVpcs", "ec2:DescribeTags"]})
    all_but_tags = {**EVERYTHING, "Action": "ec2:DescribeTags", "Effect": "Deny"}
    mine = account.assume(account.role("bounded", ANYONE, EVERYTHING, all_but_tags, PermissionsBoundary=boundary))
    assert "Vpcs" in mine("ec2").describe_vpcs()
    assert refused(mine("ec2").describe_tags) == "UnauthorizedOperation"
    assert refused(mine("ec2").describe_subnets) == "UnauthorizedOperation"
    nothing = account.assume(account.role("nothing", ANYONE, PermissionsBoundary=boundary))
    assert refused(nothing("ec2").describe_vpcs) == "UnauthorizedOperation"
    account.iam.delete_role_permissions_boundary(RoleName="bounded")
    assert "Subnets" in mine("ec2").describe_subnets()


def test_a_bucket_gives_a_bounded_role_no_more(account: Account, aws: Emulator):
    """Its policy may allow what the role's does not, within the boundary; a session that it names is not bounded."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="given", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="given", Key="a", Body=b"1")
    boundary = account.policy("boundary", {**EVERYTHING, "Action": "s3:GetObject"})
    role = account.role("bounded", ANYONE, PermissionsBoundary=boundary)
    mine = account.assume(role)("s3")
    given = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "s3:*", "Resource": "arn:aws:s3:::given/*"}
    s3.put_bucket_policy(Bucket="given", Policy=document(given))
    assert mine.get_object(Bucket="given", Key="a")["Body"].read() == b"1"
    assert refused(mine.put_object, Bucket="given", Key="b", Body=b"2") == "AccessDenied"
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/bounded/session"
    s3.put_bucket_policy(Bucket="given", Policy=document({**given, "Principal": {"AWS": session}}))
    assert mine.put_object(Bucket="given", Key="a", Body=b"2")
    s3.delete_object(Bucket="given", Key="a")
    s3.delete_bucket(Bucket="given")


def test_a_listeners_rule_is_judged_by_the_tags_that_it_is_to_get(account: Account):
    """Who may make rules with one tag makes no others."""
    tagged = {"StringEquals": {"aws:RequestTag/kind": "own"}}
    elb = account.assume(account.role("rules", ANYONE, {**EVERYTHING, "Condition": tagged}))("elbv2")
    listener = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/none/0/0"
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    paths = [{"Field": "path-pattern", "Values": ["/"]}]
    given = {"ListenerArn": listener, "Priority": 1, "Conditions": paths, "Actions": actions}
    assert refused(elb.create_rule, **given) == "AccessDenied"
    assert refused(elb.create_rule, **given, Tags=[{"Key": "kind", "Value": "other"}]) == "AccessDenied"
    assert refused(elb.create_rule, **given, Tags=[{"Key": "kind", "Value": "own"}]) == "ListenerNotFound"


def test_who_makes_roles_makes_bounded_ones(account: Account):
    """iam:PermissionsBoundary is what a new role is to have, and what a role has; nobody takes it off."""
    boundary = account.policy("boundary", {**EVERYTHING, "Action": "ec2:*"})
    other = account.policy("other", EVERYTHING)
    condition = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    actions = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]
    maker = account.assume(account.role("maker", ANYONE, {**EVERYTHING, "Action": actions, "Condition": condition}))
    iam, trust = maker("iam"), document(ANYONE)
    account.role("unbounded", ANYONE)
    account._roles.append("made")
    assert refused(iam.create_role, RoleName="made", AssumeRolePolicyDocument=trust) == "AccessDenied"
    given = {"AssumeRolePolicyDocument": trust, "PermissionsBoundary": other}
    assert refused(iam.create_role, RoleName="made", **given) == "AccessDenied"
    iam.create_role(RoleName="made", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
    put = {"PolicyName": "p", "PolicyDocument": document(EVERYTHING)}
    iam.put_role_policy(RoleName="made", **put)
    assert refused(iam.put_role_policy, RoleName="unbounded", **put) == "AccessDenied"
    assert refused(iam.attach_role_policy, RoleName="unbounded", PolicyArn=other) == "AccessDenied"
    assert refused(iam.delete_role_permissions_boundary, RoleName="made") == "AccessDenied"
    changed = {"RoleName": "made", "PermissionsBoundary": other}
    assert refused(iam.put_role_permissions_boundary, **changed) == "AccessDenied"
    iam.put_role_permissions_boundary(RoleName="unbounded", PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName="unbounded", **put)


def test_a_key_is_used_by_whom_its_policy_leaves_to_iam(account: Account, aws: Emulator):
    """By id, alias or what was encrypted with it; a key's policy that names nobody else's account is IAM's end."""
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/secrets", TargetKeyId=key["KeyId"])
    sealed = kms.encrypt(KeyId="alias/secrets", Plaintext=b"secret")["CiphertextBlob"]
    use = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:Encrypt"], "Resource": key["Arn"]}
    mine = account.assume(account.role("user", ANYONE, use))("kms")
    none = account.assume(account.role("stranger", ANYONE, {**use, "Resource": f"{key['Arn']}0"}))("kms")
    assert mine.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
    assert mine.encrypt(KeyId="alias/secrets", Plaintext=b"x")["CiphertextBlob"]
    assert refused(mine.schedule_key_deletion, KeyId=key["KeyId"]) == "AccessDeniedException"
    assert refused(none.decrypt, CiphertextBlob=sealed) == "AccessDeniedException"
    assert refused(none.encrypt, KeyId="alias/secrets", Plaintext=b"x") == "AccessDeniedException"
    one = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/stranger"}, "Action": "kms:Decrypt"}
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=document({**one, "Resource": "*"}))
    assert none.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
    assert refused(mine.decrypt, CiphertextBlob=sealed) == "AccessDeniedException"
