"""Each role does its work with its own policy and nothing else; and what no one needs is not in it.

These tests are one story and run in this order, on a stack that has one of everything.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass

import pytest

from infra.permissions import roles
from release import names
from tests.engine.conftest import REGION, Ran, Sandbox, commit, git
from tests.sandbox.fake_internal_api import process
from tests.waiting import until

pytestmark = pytest.mark.engine

STACK = "guarded"
ACCOUNT = "123456789012"
ELSEWHERE = {
    "pulumi-aws reads more of what it has made than the stand-in": """
        autoscaling:DescribeWarmPool
        ec2:DescribeAddressesAttribute ec2:DescribeNetworkInterfaces ec2:DescribePrefixLists
        elasticloadbalancing:DescribeCapacityReservation elasticloadbalancing:DescribeListenerAttributes
        iam:ListAttachedRolePolicies iam:ListRolePolicies s3:GetAccelerateConfiguration s3:GetBucketAcl s3:GetBucketCORS
        s3:GetBucketRequestPayment s3:GetBucketWebsite s3:GetReplicationConfiguration
        s3:ListTagsForResource""",
    "pulumi-aws does it so": """
        ec2:DisassociateAddress elasticloadbalancing:ModifyListenerAttributes s3:TagResource""",
    "AWS asks for it where a certificate is tagged as it is requested": "acm:AddTagsToCertificate",
    "a setting that no test here changes (zones, routes, NAT in another way, artifacts.objectLock, health.path)": """
        s3:PutBucketObjectLockConfiguration route53:UpdateHealthCheck
        ec2:ModifyVpcEndpoint ec2:ReplaceRoute elasticloadbalancing:ModifyRule elasticloadbalancing:SetRulePriorities
        elasticloadbalancing:SetSubnets""",
    "a fleet that is to call a security group or prefix list": """
        ec2:DescribeManagedPrefixLists ec2:DescribeSecurityGroups""",
    "a rollout that fails, or is under way already": """
        autoscaling:DescribeScalingActivities autoscaling:PutLifecycleHook autoscaling:RollbackInstanceRefresh
        logs:GetLogEvents""",
    "the deployer, on call": "autoscaling:DescribeLifecycleHooks",
    "the first stack of an account": "iam:CreateServiceLinkedRole",
    "a name that another stack has": "elasticloadbalancing:DescribeTags",
    "an image of one's own, which is copied to the replica's region (image.copy)": "ec2:CopyImage",
    "an upload that is broken off": "s3:AbortMultipartUpload",
    "a command that is given no stack": "autoscaling:DescribeTags",
}
"""What the policies allow and these tests never ask for, by the reason why it is needed all the same."""

SETTINGS = """\
config:
  aws:region: eu-west-1
  slipway:network: {{zones: 2, nat: {nat}}}
  slipway:loadBalancer:
    {{domain: shop.example.test, hostedZone: {zone}, deletionProtection: false, failover: {failover},
      webAcl: {web_acl}}}
  slipway:artifacts: {{accessLogs: true, replica: {{region: eu-central-1}}}}
  slipway:logs: {{retention: 365, kmsKey: {key}}}
  slipway:fleets:
    web: &fleet
      size: {{min: 1, max: 2}}
      health: {{interval: 5, timeout: 2, healthyThreshold: {threshold}}}
      routes: {{paths: ["{paths}*"]}}
      drain: 1
      bootTimeout: 60
      rollout: {{warmup: 0, bake: 0, timeout: 240}}
      alarms: {{notify: ["arn:aws:sns:eu-west-1:123456789012:alarms"]}}
{more}
"""
SECOND = """\
    api:
      <<: *fleet
      process: web
      instanceTypes: [t3.small, t3.micro]
      routes: {paths: ["/api/*"]}
"""


@dataclass
class Site:
    """The stack, and who works with it."""

    sandbox: Sandbox
    zone: str
    key: str
    """The ARN of a key that CloudWatch Logs may use."""
    web_acl: str
    """The ARN of a web ACL."""

    @property
    def scope(self) -> roles.Scope:
        """What the roles are for."""
        return roles.Scope(stack=STACK, region=REGION, account=ACCOUNT, zone=self.zone, replica="eu-central-1")

    def set(
        self,
        *,
        nat: str = "single",
        more: str = SECOND,
        paths: str = "/",
        threshold: int = 2,
        failover: str = "primary",
        key: bool = False,
        web_acl: bool = True,
    ) -> None:
        """Write the stack file, with the salt that it has."""
        given = {"nat": nat, "more": more, "paths": paths, "threshold": threshold, "failover": failover}
        given |= {"key": self.key if key else "null", "web_acl": self.web_acl if web_acl else "null"}
        file = self.sandbox.checkout / f"Pulumi.{STACK}.yaml"
        salt = re.search(r"^encryptionsalt:.*", file.read_text(), re.MULTILINE) if file.exists() else None
        file.write_text(SETTINGS.format(zone=self.zone, **given) + (salt[0] + "\n" if salt else ""))

    def run(self, role: str, command: str) -> Ran:
        """A command in the shell, as a role: whatever asks AWS, Pulumi's provider too, has its keys only."""
        got = self.sandbox.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="test-session"
        )["Credentials"]
        keys = {
            "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
            "AWS_SESSION_TOKEN": got["SessionToken"],
        }
        endpoint = self.sandbox.client("sts").meta.endpoint_url
        log = self.sandbox.checkout / f"provider-{role}.log"
        with process("-m", "sandbox.provider", "--endpoint", endpoint, "--port", "0", log=log, env=keys) as (port, _):
            more = {**keys, "PULUMI_DEBUG_PROVIDERS": f"aws:{port}", "PULUMI_STACK": STACK, "AWS_REGION": REGION}
            given = " ".join(f"{name}={shlex.quote(value)}" for name, value in more.items())
            return self.sandbox.shell(f"export {given} && {command}")

    def up(self, sha: str) -> Ran:
        """`pulumi up` as the deployer."""
        return self.run("deployer", f"{self.release(sha)} pulumi up --yes --skip-preview --non-interactive")

    def release(self, sha: str) -> str:
        """The variables that ask for a release."""
        given = {"SLIPWAY_SHA": sha, "SLIPWAY_REPOSITORY": str(self.sandbox.checkout)}
        return " ".join(f"{k}={shlex.quote(v)}" for k, v in {**given, "SLIPWAY_DIRECTORY": "examples/shop"}.items())

    def account(self) -> dict[str, dict[str, list[str]]]:
        """What each role was allowed and refused so far."""
        told = self.sandbox.shell(
            'curl --silent --fail --header "Authorization: Bearer $AWS_SECRET_ACCESS_KEY" '
            "$AWS_ENDPOINT_URL/_sandbox/permissions"
        )
        return json.loads(told.said)


def key(sandbox: Sandbox) -> str:
    """A key with the policy of docs/deploying.md, "Keys of your own"."""
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/slipway/{STACK}*"
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    logs = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, logs]})
    return sandbox.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]


def web_acl(sandbox: Sandbox) -> str:
    """A web ACL that lets everything through."""
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "shop"}
    made = sandbox.client("wafv2").create_web_acl(
        Name="shop", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen
    )
    return made["Summary"]["ARN"]


@pytest.fixture(scope="module")
def site(sandbox: Sandbox) -> Site:
    """A sandbox with a hosted zone, the four roles, and an empty stack."""
    started = sandbox.run("python", "-m", "sandbox", "start")
    assert started.code == 0, started.said
    zone = sandbox.client("route53").create_hosted_zone(Name="example.test", CallerReference="1")["HostedZone"]["Id"]
    made = Site(sandbox, zone.rpartition("/")[2], key=key(sandbox), web_acl=web_acl(sandbox))
    sandbox.client("sns").create_topic(Name="alarms")
    iam = sandbox.client("iam")
    trust = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    for role in roles.ROLES:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        for number, part in enumerate(roles.parts(role, made.scope)):
            policy = iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=json.dumps(part))["Policy"]
            iam.attach_role_policy(RoleName=role, PolicyArn=policy["Arn"])
    (sandbox.checkout / ".sandbox" / "pulumi").mkdir(exist_ok=True)
    created = sandbox.shell(f"pulumi stack init {STACK}")
    assert created.code == 0, created.said
    made.set()
    secret = sandbox.shell(f"pulumi config set --stack {STACK} --secret --path slipway:fleets.web.secrets.KEY hidden")
    assert secret.code == 0, secret.said
    return made


def test_the_previewer_sees_what_would_be_made(site: Site):
    """Nothing is there yet, not even the store."""
    release = site.release(git(site.sandbox.checkout, "rev-parse", "HEAD~1"))
    ran = site.run("previewer", f"{release} pulumi preview --non-interactive")
    assert ran.code == 0, ran.said
    assert "quotas could not be read" not in ran.said


def test_the_deployer_makes_everything(site: Site):
    """From nothing to serving, a release published on the way."""
    ran = site.up(git(site.sandbox.checkout, "rev-parse", "HEAD~1"))
    assert site.account()["deployer"]["refused"] == []
    assert ran.code == 0, ran.said


def test_the_publisher_publishes(site: Site):
    """What is published, by tag of the fleets' store."""
    ran = site.run("publisher", "python -m release publish HEAD --directory examples/shop")
    assert ran.code == 0, ran.said
    again = site.run("publisher", "python -m release publish HEAD --directory examples/shop")
    assert "already published" in again.said


def test_the_previewer_sees_all_and_changes_nothing(site: Site):
    """A preview of the next release and of a key for the logs, and every command that only looks."""
    site.set(key=True)
    sha = git(site.sandbox.checkout, "rev-parse", "HEAD")
    ran = site.run("previewer", f"{site.release(sha)} pulumi preview --diff --non-interactive")
    assert ran.code == 0, ran.said
    for command in ("status", "list", "history", f"show {sha}"):
        looked = site.run("previewer", f"env --unset=PULUMI_STACK python -m release {command}")
        assert looked.code == 0, looked.said
    drift = site.run("previewer", f"{site.release(sha)} python -m release drift")
    assert drift.code == 0, drift.said
    assert drift.said.splitlines()[-1] == f"{STACK}: nothing was changed in AWS by hand"


def test_the_deployer_rolls_out(site: Site):
    """The next release, which logs into groups that have a key of our own by now."""
    ran = site.up(git(site.sandbox.checkout, "rev-parse", "HEAD"))
    assert site.account()["deployer"]["refused"] == []
    assert ran.code == 0, ran.said
    groups = site.sandbox.client("logs").describe_log_groups(logGroupNamePrefix="/slipway/")["logGroups"]
    assert {group["logGroupName"]: group["kmsKeyId"] for group in groups} == {
        f"/slipway/{STACK}{part}": site.key for part in ("/api", "/web", "-flow-logs")
    }
    balancer = site.sandbox.client("elbv2").describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    acl = site.sandbox.client("wafv2").get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]
    assert acl["ARN"] == site.web_acl
    logs = names.store_logs_bucket_name(STACK, ACCOUNT, REGION)
    about = f"{names.bucket_name(STACK, ACCOUNT, REGION)}/"
    assert site.sandbox.client("s3").list_objects_v2(Bucket=logs, Prefix=about, MaxKeys=1)["KeyCount"] == 1


def test_the_deployer_brings_over_what_replication_left_behind(site: Site):
    """By S3's batch replication, to which the deployer hands the stack's own role."""
    stalled = site.sandbox.shell("python -m sandbox fault replication --stall")
    assert stalled.code == 0, stalled.said
    sha = commit(site.sandbox.checkout, "left behind")
    git(site.sandbox.checkout, "reset", "--soft", "HEAD~1")  # the others count from where it was
    ran = site.run("publisher", f"python -m release publish {sha} --directory examples/shop --no-wait")
    assert ran.code == 0, ran.said
    ran = site.run("deployer", "python -m release replicate")
    assert site.account()["deployer"]["refused"] == []
    assert ran.code == 0, ran.said
    assert " objects replicated from " in ran.said
    assert site.sandbox.shell("python -m sandbox fault clear").code == 0


def test_whoever_is_on_call_rolls_back(site: Site):
    """All fleets, to the release before; who may only look can't."""
    refused = site.run("previewer", "python -m release rollback")
    assert refused.code != 0
    assert "AccessDenied" in refused.said
    ran = site.run("rollback", "python -m release rollback")
    assert ran.code == 0, ran.said


def test_whoever_is_on_call_activates(site: Site):
    """From a pilot light to serving, with nothing but sizes and one tag; a tag of another name may not be written."""
    scaling, fleets = site.sandbox.client("autoscaling"), [f"slipway-{STACK}-{name}" for name in ("api", "web")]

    def tag(fleet: str, key: str, value: str) -> dict[str, object]:
        named = {"ResourceId": fleet, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
        return {**named, "Key": key, "Value": value}

    for fleet in fleets:
        told = [tag(fleet, names.POSTURE_TAG, "pilot-light"), tag(fleet, names.SIZE_TAG, "1-2")]
        scaling.create_or_update_tags(Tags=told)
        scaling.update_auto_scaling_group(AutoScalingGroupName=fleet, MinSize=0, MaxSize=0)

    def instances() -> int:
        shown = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=fleets)["AutoScalingGroups"]
        return sum(len(group["Instances"]) for group in shown)

    until(lambda: instances() == 0)
    ran = site.run("activate", "python -m release activate")
    assert ran.code == 0, ran.said
    assert re.search(rf"^{STACK} is active\napi: 1 of 1 instances serve [0-9a-f]{{40}} at http", ran.said, re.MULTILINE)
    assert site.account()["activate"]["refused"] == []
    again = site.run("activate", "python -m release activate --posture warm --json")
    assert again.code == 0, again.said
    assert json.loads(again.said)["posture"] == "active"
    assert json.loads(again.said)["changed"] is False
    other = [tag(fleets[0], names.STACK_TAG, "x")]
    call = f"import boto3; boto3.client('autoscaling').create_or_update_tags(Tags={other})"
    refused = site.run("activate", f"python -c {shlex.quote(call)}")
    assert "AccessDenied" in refused.said


def test_the_deployer_changes_and_removes(site: Site):
    """A fleet less, no NAT gateway, no failover; a refresh that reads all there is; and the end of the stack."""
    site.set(nat="none", more="", paths="/shop", threshold=3, failover="none", web_acl=False)
    release = git(site.sandbox.checkout, "rev-parse", "HEAD~1")
    ran = site.up(release)
    assert site.account()["deployer"]["refused"] == []
    assert ran.code == 0, ran.said
    read = site.run("deployer", f"{site.release(release)} pulumi refresh --yes --skip-preview --non-interactive")
    assert read.code == 0, read.said
    ended = site.run("deployer", f"{site.release(release)} pulumi destroy --yes --skip-preview --non-interactive")
    assert site.account()["deployer"]["refused"] == []
    assert ended.code == 0, ended.said


def test_nothing_was_refused_and_nothing_is_left_over(site: Site):
    """What a policy allows was made use of here, or is needed elsewhere, for the reason that the list has."""
    told = site.account()
    for role in ("deployer", "publisher", "rollback"):
        assert told[role]["refused"] == []
    elsewhere = {action for names in ELSEWHERE.values() for action in names.split()}
    left: dict[str, set[str]] = {}
    others = [
        role for role in roles.ROLES if role not in ("drill", "review")
    ]  # their work is done in test_drill.py and test_review.py
    for role in others:
        allowed = {action for rule in roles.policy(role, site.scope)["Statement"] for action in rule["Action"]}
        left[role] = allowed - set(told[role]["used"])
    print("allowed, and not asked for:", {role: sorted(actions) for role, actions in left.items()})
    assert {role: actions - elsewhere for role, actions in left.items()} == {role: set() for role in others}
    stale = elsewhere - set().union(*left.values())
    assert not stale, f"these tests do ask for {sorted(stale)}"
