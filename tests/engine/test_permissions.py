"""Each role does its work with its own policies and nothing else; and what no one needs is not in them.

The roles are those that bootstrap/ makes, within their boundaries, and are taken on by tokens such as GitHub gives its
jobs; the stack's state and key are the account's. These tests are one story and run in this order, on a stack that has
one of everything.
"""

from __future__ import annotations

import json
import re
import shlex

import pytest
from botocore.exceptions import ClientError

from infra.permissions import roles
from release import names
from tests.engine.conftest import REGION, Sandbox, commit, git
from tests.engine.escalation import ALL_RIGHTS, ANYBODY, MADE, ways_up
from tests.engine.guarded import ACCOUNT, STACK, Site, set_up
from tests.waiting import until

pytestmark = pytest.mark.engine

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
    "a rollout that fails, or is under way already": """
        autoscaling:DescribeScalingActivities autoscaling:PutLifecycleHook autoscaling:RollbackInstanceRefresh
        logs:GetLogEvents""",
    "the deployer, on call": "autoscaling:DescribeLifecycleHooks",
    "the first stack of an account": "iam:CreateServiceLinkedRole",
    "a stack that is older than its boundary": "iam:PutRolePermissionsBoundary",
    "an image of one's own, which is copied to the replica's region (image.copy)": "ec2:CopyImage",
    "an upload that is broken off": "s3:AbortMultipartUpload",
    "a command of the console that is broken off": "ssm:CancelCommand",
    "a terminal of the console: tests/sandbox/aws/test_aws_sessions.py": """
        ssm:ResumeSession ssm:StartSession ssm:TerminateSession ssmmessages:OpenDataChannel""",
    "another version of the console, or of its tags": """
        ssm:RemoveTagsFromResource ssm:UpdateDocument ssm:UpdateDocumentDefaultVersion""",
    "a command that is given no stack": "autoscaling:DescribeTags",
    "workers, of which there are none here": """
        autoscaling:DeleteLifecycleHook
        logs:DeleteMetricFilter logs:DescribeMetricFilters logs:PutMetricFilter""",
    "scheduled work and scheduled sizes, of which there are none here": """
        autoscaling:DeleteScheduledAction autoscaling:DescribeScheduledActions
        autoscaling:PutScheduledUpdateGroupAction autoscaling:ResumeProcesses autoscaling:SuspendProcesses""",
    "nobody is told here (notify), and no secret is removed": """
        events:DeleteRule events:DescribeRule events:ListTagsForResource events:ListTargetsByRule events:PutRule
        events:PutTargets events:RemoveTargets events:TagResource events:UntagResource
        sns:Publish ssm:DeleteParameter""",
    "watch, which goes on until it is left": "cloudwatch:GetMetricData",
}
"""What the policies allow and these tests never ask for, by the reason why it is needed all the same."""


@pytest.fixture(scope="module")
def site(sandbox: Sandbox) -> Site:
    """The account, set up, and an empty stack."""
    return set_up(sandbox)


def test_the_previewer_sees_what_would_be_made(site: Site):
    """Nothing is there yet, not even the store."""
    release = site.release(git(site.sandbox.checkout, "rev-parse", "HEAD~1"))
    ran = site.run("previewer", f"{release} pulumi preview --non-interactive")
    assert ran.code == 0, ran.said
    assert "quotas could not be read" not in ran.said


def test_the_deployer_makes_everything(site: Site):
    """From nothing to serving, a release published on the way."""
    ran = site.up(git(site.sandbox.checkout, "rev-parse", "HEAD~1"))
    assert site.refused("deployer") == set()
    assert ran.code == 0, ran.said


def test_the_publisher_publishes(site: Site):
    """What is published, by tag of the fleets' store."""
    ran = site.run("publisher", "python -m release publish HEAD --directory examples/shop")
    assert ran.code == 0, ran.said
    again = site.run("publisher", "python -m release publish HEAD --directory examples/shop")
    assert "already published" in again.said


def test_the_previewer_sees_all_and_changes_nothing(site: Site):
    """A preview of the next release, its phase and a key for the logs, and every command that only looks."""
    site.set(key=True, phase="echo migrated")
    sha = git(site.sandbox.checkout, "rev-parse", "HEAD")
    ran = site.run("previewer", f"{site.release(sha)} python -m release preview")
    assert ran.code == 0, ran.said
    for command in ("status", "list", "history", f"show {sha}"):
        looked = site.run("previewer", f"env --unset=PULUMI_STACK python -m release {command}")
        assert looked.code == 0, looked.said
    drift = site.run("previewer", f"{site.release(sha)} python -m release drift")
    assert drift.code == 0, drift.said
    assert drift.said.splitlines()[-1] == f"{STACK}: nothing was changed in AWS by hand"
    assert site.refused("previewer") == set()


def test_the_deployer_rolls_out(site: Site):
    """The next release, whose phase runs first, and which logs into groups that have a key of our own by now."""
    sha = git(site.sandbox.checkout, "rev-parse", "HEAD")
    ran = site.up(sha)
    assert site.refused("deployer") == set()
    assert ran.code == 0, ran.said
    assert "release | migrated" in ran.said
    phases = site.run("previewer", "python -m release history --json")
    assert {"what": "succeeded", "sha": sha} in [
        {"what": each.get("what"), "sha": each.get("facts", {}).get("sha")} for each in json.loads(phases.said)
    ]
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
    assert site.refused("deployer") == set()
    assert ran.code == 0, ran.said
    assert " objects replicated from " in ran.said
    assert site.sandbox.shell("python -m sandbox fault clear").code == 0


def test_a_freeze_stops_the_deployer(site: Site):
    """A preview says so, an `up` is refused with all there is to know, before anything is asked of the engine."""
    ran = site.run("freeze", "SLIPWAY_BY=ann python -m release freeze --reason 'the sale' --until 2h")
    assert ran.code == 0, ran.said
    assert site.refused("freeze") == set()
    sha = git(site.sandbox.checkout, "rev-parse", "HEAD~1")
    previewed = site.run("previewer", f"{site.release(sha)} pulumi preview --non-interactive")
    assert previewed.code == 0, previewed.said
    assert f"`pulumi up` will be refused: stack {STACK} is frozen by ann since " in previewed.said
    ran = site.up(sha)
    assert ran.code != 0
    assert re.search(rf"stack {STACK} is frozen by ann since .* UTC, until .* UTC: the sale\. Nothing was", ran.said)
    shown = site.run("previewer", "python -m release status")
    assert f"{STACK} is frozen by ann since " in shown.said


def test_whoever_is_on_call_rolls_back(site: Site):
    """All fleets, to the release before, though the stack is frozen; who may only look can't."""
    refused = site.run("previewer", "python -m release rollback")
    assert refused.code != 0
    assert "AccessDenied" in refused.said
    ran = site.run("rollback", "python -m release rollback")
    assert ran.code == 0, ran.said
    assert site.run("freeze", "python -m release thaw").code == 0


def test_whoever_has_the_console_is_the_app_and_not_root(site: Site):
    """On the stack's instances, by its own document; AWS's own, which runs as root, is refused."""
    ran = site.run("console", "python -m release exec --fleet web -- sh -c 'echo serves $RELEASE_SHA'")
    assert ran.code == 0, ran.said
    assert re.search(r"^serves [0-9a-f]{40}$", ran.said, re.MULTILINE)
    assert site.refused("console") == set()
    without = site.run("rollback", "python -m release exec --fleet web -- true")
    assert re.search(r"access denied: .*`python -m release permissions --role console`", without.said), without.said
    site.tried.setdefault("rollback", set()).update(site.told()["rollback"]["refused"])
    given = {"InstanceIds": [_instance(site)], "DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["id"]}}
    call = f"import boto3; boto3.client('ssm').send_command(**{given})"
    refused = site.run("console", f"python -c {shlex.quote(call)}")
    assert "AccessDenied" in refused.said


def _instance(site: Site) -> str:
    """An instance in service."""
    name = names.group_name(STACK, "web")
    groups = site.sandbox.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return str(groups["AutoScalingGroups"][0]["Instances"][0]["InstanceId"])


def test_the_site_is_closed_for_a_while(site: Site):
    """By rules of its own on the balancer, which are changed and removed; the stack's own may not be."""
    for action in ("on --allow 127.0.0.2", "on --allow 127.0.0.3", "status", "off"):
        ran = site.run("maintenance", f"python -m release maintenance {action}")
        assert ran.code == 0, ran.said
    assert ran.said == f"{STACK} is out of maintenance\n"
    assert site.refused("maintenance") == set()
    elb = site.sandbox.client("elbv2")
    balancer = elb.describe_load_balancers(Names=[names.balancer_name(STACK)])["LoadBalancers"][0]["LoadBalancerArn"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    rules = [rule for each in listeners for rule in elb.describe_rules(ListenerArn=each["ListenerArn"])["Rules"]]
    own = next(rule["RuleArn"] for rule in rules if not rule["IsDefault"])
    call = f"import boto3; boto3.client('elbv2').delete_rule(RuleArn={own!r})"
    refused = site.run("maintenance", f"python -c {shlex.quote(call)}")
    assert "AccessDenied" in refused.said


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
    assert site.refused("activate") == set()
    again = site.run("activate", "python -m release activate --posture warm --json")
    assert again.code == 0, again.said
    assert json.loads(again.said)["posture"] == "active"
    assert json.loads(again.said)["changed"] is False
    other = [tag(fleets[0], names.STACK_TAG, "x")]
    call = f"import boto3; boto3.client('autoscaling').create_or_update_tags(Tags={other})"
    refused = site.run("activate", f"python -c {shlex.quote(call)}")
    assert "AccessDenied" in refused.said


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("previewer", "pulumi up --yes --skip-preview --non-interactive"),
        ("previewer", "python -m release publish {unpublished} --directory examples/shop"),
        ("publisher", "pulumi preview --non-interactive"),
        ("publisher", "python -m release rollback"),
        ("rollback", "pulumi preview --non-interactive"),
        ("rollback", "python -m release publish {unpublished} --directory examples/shop"),
        ("activate", "pulumi preview --non-interactive"),
    ],
)
def test_nobody_does_what_others_are_for(site: Site, role: str, command: str):
    """A refusal of AWS's ends it, and not a lack of something else."""
    unpublished = commit(site.sandbox.checkout, "nobody published this")
    git(site.sandbox.checkout, "reset", "--soft", "HEAD~1")
    ran = site.run(role, command.format(unpublished=unpublished))
    assert ran.code != 0, ran.said
    assert re.search("access ?denied", ran.said, re.IGNORECASE), ran.said
    site.tried.setdefault(role, set()).update(site.told()[role]["refused"])


def test_a_job_of_another_environment_gets_no_role(site: Site):
    """A pull request's code runs in `preview`: whatever it does there, it is no deployer."""
    with pytest.raises(ClientError) as error:
        site.session("deployer", environment="preview")
    assert error.value.response["Error"]["Code"] == "AccessDenied"


def test_the_deployer_is_no_administrator(site: Site):
    """Not by its own role nor by a fleet's, and the account's own state is out of its reach."""
    account = site.account
    clients = {service: site.client("deployer", service) for service in ("iam", "sts", "kms", "s3")}
    for service, operation, given in ways_up(account["boundary"], account["key"], account["roles"]["publisher"]):
        with pytest.raises(ClientError) as error:
            getattr(clients[service], operation)(**given)
        assert error.value.response["Error"]["Code"].startswith("AccessDenied"), (operation, given)
    site.tried["deployer"] = set(site.told()["deployer"]["refused"])


def test_a_role_that_the_deployer_makes_is_no_administrator_either(site: Site):
    """It may be given every right there is: its boundary leaves those of an instance."""
    iam = site.client("deployer", "iam")
    iam.create_role(RoleName=MADE, AssumeRolePolicyDocument=ANYBODY, PermissionsBoundary=site.account["boundary"])
    iam.put_role_policy(RoleName=MADE, PolicyName="more", PolicyDocument=ALL_RIGHTS)
    session = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{MADE}", "RoleSessionName": "more"}
    got = site.sandbox.client("sts").assume_role(**session)["Credentials"]
    made = site.with_keys("iam", got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    with pytest.raises(ClientError, match="permissions boundary"):
        made.create_user(UserName="more")
    iam.delete_role_policy(RoleName=MADE, PolicyName="more")
    iam.delete_role(RoleName=MADE)


def test_the_deployer_changes_and_removes(site: Site):
    """A fleet less, no NAT gateway, no failover; a refresh that reads all there is; and the end of the stack."""
    site.set(nat="none", more="", paths="/shop", threshold=3, failover="none", web_acl=False)
    release = git(site.sandbox.checkout, "rev-parse", "HEAD~1")
    ran = site.up(release)
    assert site.refused("deployer") == set()
    assert ran.code == 0, ran.said
    read = site.run("deployer", f"{site.release(release)} pulumi refresh --yes --skip-preview --non-interactive")
    assert read.code == 0, read.said
    ended = site.run("deployer", f"{site.release(release)} pulumi destroy --yes --skip-preview --non-interactive")
    assert site.refused("deployer") == set()
    assert ended.code == 0, ended.said


def test_nothing_was_refused_and_nothing_is_left_over(site: Site):
    """What a policy allows was made use of here, or is needed elsewhere, for the reason that the list has."""
    told = site.told()
    for role in ("deployer", "publisher", "rollback"):
        assert site.refused(role) == set()
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
