"""The policies of the people and pipelines that deploy, preview, publish and roll back. Pure.

The only source of them: `python -m release permissions` prints them, docs/permissions.md is made from them, and the
tests deploy with nothing else. Resources are named wherever IAM lets an action be limited to some (service
authorization reference).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from infra.permissions import changes
from infra.permissions.policies import Statement, document
from infra.permissions.scope import Scope, allow, each, groups, log_groups, passed, tagged
from release import names

__all__ = ["LIMIT", "QUOTAS", "ROLES", "Scope", "parts", "policy", "size"]

LIMIT = 6_144
"""Characters, without white space, that a managed policy may have (IAM's quotas); a role may have ten of them."""


QUOTAS = ("ec2", "elasticloadbalancing", "vpc")
"""The services whose quotas a preview reads."""


def policy(role: str, scope: Scope) -> dict[str, Any]:
    """Return the whole policy of one of ROLES."""
    return document(*ROLES[role](scope))


def parts(role: str, scope: Scope) -> list[dict[str, Any]]:
    """Return the same policy as the documents of as few managed policies as it fits in, in this order."""
    filled: list[list[Statement]] = [[]]
    for statement in ROLES[role](scope):
        if size(document(*filled[-1], statement)) > LIMIT:
            filled.append([])
        filled[-1].append(statement)
    return [document(*statements) for statements in filled]


def size(policy: Mapping[str, Any]) -> int:
    """Return the characters of a policy as IAM counts them: without white space."""
    return len(json.dumps(policy, separators=(",", ":")))


def publisher(scope: Scope) -> list[Statement]:
    """Return what CI may do on merge: publish a commit, once. It can replace or remove nothing."""
    return [*_read_store(scope, "releases"), *_find_store(), *_publish(scope)]


def previewer(scope: Scope) -> list[Statement]:
    """Return what CI may do on a pull request and daily: `preview` and `drift`, `status`, `list`, `history`, `show`."""
    return [
        *_read_store(scope, "releases", "ledger"),
        *_look(scope),
        *_plan(scope),
        *_use_state(scope, write=False),
        *changes.reads(scope),
        allow("RefreshHooks", ["autoscaling:DescribeLifecycleHooks"], "*"),
    ]


def rollback(scope: Scope) -> list[Statement]:
    """Return what the person on call may do: `python -m release rollback`, which needs none of Pulumi's state."""
    return [*_read_store(scope, "releases", "ledger"), *_look(scope), *_roll(scope), *_tell(scope)]


def activate(scope: Scope) -> list[Statement]:
    """Return what `python -m release activate` takes: to change the sizes of groups and to tell their posture.

    It launches nothing itself, so that it needs neither ec2:RunInstances nor iam:PassRole: Auto Scaling asks for those
    where a launch template is given, and here none is.
    """
    told = {
        "ForAllValues:StringEquals": {"aws:TagKeys": [names.POSTURE_TAG]},
        "StringEquals": {f"aws:RequestTag/{names.POSTURE_TAG}": ["active", "warm"]},
    }
    return [
        *_read_store(scope, "releases", "ledger"),
        *_look(scope),
        *_watch(scope),
        allow("Where", each("elasticloadbalancing", "Describe", "Listeners LoadBalancers"), "*"),
        allow("Resize", ["autoscaling:ResumeProcesses", "autoscaling:UpdateAutoScalingGroup"], groups(scope)),
        allow("TellPosture", ["autoscaling:CreateOrUpdateTags"], groups(scope), told),
        *_tell(scope),
    ]


def console(scope: Scope) -> list[Statement]:
    """Return what `python -m release exec` takes: to run commands as the app's user on the stack's instances.

    Only by the stack's own document: AWS-RunShellScript would make whoever sends it root. How a command ends can't be
    limited to one's own commands; GetCommandInvocation shows no output of the console's, which is in the log groups.

    A terminal is opened by the stack's other document. Without the access check of its condition StartSession would do
    with the instance alone, for any document; by AWS's own, one is root (user guide, "Start a session with a document
    by specifying the session documents in IAM policies"). A session bears its owner as a tag, because the id of a
    role's session begins with its name, and not with aws:userid ("Additional sample IAM policies for Session
    Manager"). A session's channel takes the session's token besides; AWS knows no other limit to it.
    """
    theirs = {"StringEquals": {f"ssm:resourceTag/{names.STACK_TAG}": scope.stack}}
    checked = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
    own = {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}}
    sessions = scope.arn("ssm", "session/*")
    uses = f"{scope.store}/ledger/.uses/{scope.stack}/*"
    find = [*each("autoscaling", "Describe", "AutoScalingGroups Tags"), "ec2:DescribeInstances"]
    return [
        allow("Find", find, "*"),
        allow("Send", ["ssm:SendCommand"], scope.console),
        allow("SendTo", ["ssm:SendCommand"], scope.arn("ec2", "instance/*"), theirs),
        allow("Follow", each("ssm", "", "CancelCommand GetCommandInvocation"), "*"),
        allow("ReadOutput", ["logs:GetLogEvents"], log_groups(scope)),
        allow("Open", ["ssm:StartSession"], scope.terminal, checked),
        allow("OpenOn", ["ssm:StartSession"], scope.arn("ec2", "instance/*"), {**theirs, **checked}),
        allow("Close", each("ssm", "", "ResumeSession TerminateSession"), sessions, own),
        allow("Channel", ["ssmmessages:OpenDataChannel"], "*"),
        allow("ListStore", ["s3:ListBucket"], scope.store),
        allow("Uses", ["s3:PutObject"], uses),
    ]


def deployer(scope: Scope) -> list[Statement]:
    """Return what `pulumi up` takes: publish, roll out and roll back as the others do, and change the stack."""
    return [
        *_read_store(scope, "releases", "ledger"),
        *_look(scope),
        *_plan(scope),
        *_publish(scope),
        *_roll(scope),
        *_freeze(scope),
        *_phase(scope),
        *_use_state(scope, write=True),
        *changes.statements(scope),
        *_replicate(scope),
        *_copy_image(scope),
        *_tell(scope),
    ]


def drill(scope: Scope) -> list[Statement]:
    """Return what `python -m release drill` of a stack takes, with `--check` and `--history`.

    It changes the drill's own stack and adds reports; of the stack itself, and of both stores, it only reads.
    """
    bucket = scope.bucket or names.bucket_name(scope.stack, scope.account, scope.region)
    apart = replace(scope, stack=names.drill_stack(scope.stack), bucket=bucket, state="", replica="")
    return [
        *_read_store(scope, "releases", "ledger", "drills"),
        allow("Report", ["s3:PutObject"], f"{scope.store}/drills/{scope.stack}/*"),
        allow("Standing", ["iam:GetRole"], scope.roles),
        allow("Issued", ["acm:ListCertificates"], "*"),
        *_look(apart),
        *_plan(apart),
        *_roll(apart),
        *_use_state(scope, write=False),
        *changes.statements(replace(apart, bucket="")),  # the replica's own settings are not the drill's to change
    ]


def freeze(scope: Scope) -> list[Statement]:
    """Return what `python -m release freeze` and `thaw` take: to add a note beside the ledger."""
    return [
        allow("ReadLedger", ["s3:GetObject"], f"{scope.store}/ledger/*"),
        allow("ListStore", ["s3:ListBucket"], scope.store),
        allow("Find", ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeTags"], "*"),
        allow(
            "WhomToTell", ["ssm:GetParameter"], scope.arn("ssm", f"parameter{names.notify_parameter_name(scope.stack)}")
        ),
        *_freeze(scope),
    ]


def maintenance(scope: Scope) -> list[Statement]:
    """Return what `python -m release maintenance` takes: rules of its own, told by their tag, on the listeners."""
    balancer = f"app/{names.balancer_name(scope.stack)}/*"
    rules = scope.arn("elasticloadbalancing", f"listener-rule/{balancer}")
    becomes = {"StringEquals": {f"aws:RequestTag/{names.MAINTENANCE_TAG}": "on"}}
    are = {"StringEquals": {f"aws:ResourceTag/{names.MAINTENANCE_TAG}": "on"}}
    return [
        allow("ReadLedger", ["s3:GetObject"], f"{scope.store}/ledger/*"),
        allow("ListStore", ["s3:ListBucket"], scope.store),
        allow("Find", ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeTags"], "*"),
        allow("Look", each("elasticloadbalancing", "Describe", "Listeners LoadBalancers Rules Tags TargetGroups"), "*"),
        allow(
            "Make",
            ["elasticloadbalancing:CreateRule"],
            scope.arn("elasticloadbalancing", f"listener/{balancer}"),
            becomes,
        ),
        allow("Tag", ["elasticloadbalancing:AddTags"], rules, becomes),
        allow("Change", ["elasticloadbalancing:DeleteRule", "elasticloadbalancing:ModifyRule"], rules, are),
        allow("Keep", ["s3:PutObject"], f"{scope.store}/ledger/.maintenance/{scope.stack}/*"),
    ]


def review(scope: Scope) -> list[Statement]:
    """Return what review stacks take: `pulumi up` and `python -m release sweep` of each stack named pr-NUMBER.

    Pull requests' own code runs with it. It has no domain and nothing of another stack: what it makes is named and
    tagged as a review stack's, and tells when it goes. Its state is in a folder of its own.
    """
    every = replace(scope, stack=names.REVIEWS, bucket="", replica="", replica_bucket="")
    return [
        *_read_store(every, "releases", "ledger"),
        *_look(every),
        *_plan(every),
        *_publish(every),
        *_roll(every),
        *_phase(every),
        *_use_state(scope, write=True),
        *changes.nameless(every),
        *changes.removal(every),
        allow("Sweep", ["autoscaling:DescribeTags", "tag:GetResources"], "*"),
    ]


ROLES: Mapping[str, Callable[[Scope], list[Statement]]] = {
    "activate": activate,
    "console": console,
    "deployer": deployer,
    "drill": drill,
    "freeze": freeze,
    "maintenance": maintenance,
    "previewer": previewer,
    "publisher": publisher,
    "review": review,
    "rollback": rollback,
}


def _read_store(scope: Scope, *folders: str) -> list[Statement]:
    """Return the reads of the store and its replica, which tell whether a release is recoverable.

    With s3:ListBucket S3 answers 404, not 403, for what does not exist.
    """
    return [
        allow("ReadStore", ["s3:GetObject"], [f"{store}/{folder}/*" for store in scope.stores for folder in folders]),
        allow("ListStore", ["s3:ListBucket", "s3:GetReplicationConfiguration"], scope.stores),
    ]


def _find_store() -> list[Statement]:
    """Return what finds the bucket that a stack's fleets use, and the newest machine image."""
    actions = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeTags", "ec2:DescribeImages"]
    return [allow("Find", actions, "*")]


def _publish(scope: Scope) -> list[Statement]:
    """Return the writes of releases: objects are put only if there is none (`IfNoneMatch`), and never deleted."""
    return [allow("Publish", ["s3:PutObject", "s3:AbortMultipartUpload"], f"{scope.store}/releases/*")]


def _replicate(scope: Scope) -> list[Statement]:
    """Return what brings over what the replica lacks: `python -m release replicate`, by S3 Batch Replication.

    CreateJob and ListJobs can't be limited to some jobs; what a job may do is what its role may.
    """
    if not scope.replica:
        return []
    files = [f"{store}/replication/*" for store in scope.stores]
    jobs = [names.arn("s3", region, scope.account, "job/*") for region in (scope.region, scope.replica)]
    role = names.replication_role_name(scope.stack, scope.region)
    passed_to = passed("s3.amazonaws.com", "batchoperations.s3.amazonaws.com")
    return [
        allow("PassReplication", ["iam:PassRole"], scope.everywhere("iam", f"{scope.account}:role/{role}"), passed_to),
        allow("Versions", ["s3:ListBucketVersions"], scope.stores),
        allow("Batches", ["s3:GetObject", "s3:PutObject"], files),
        allow("Jobs", ["s3:CreateJob", "s3:ListJobs"], "*"),
        allow("Job", ["s3:DescribeJob"], jobs),
    ]


def _look(scope: Scope) -> list[Statement]:
    """Return the reads of what is deployed. Only those of the logs can be limited to some resources."""
    anywhere = [
        *each("autoscaling", "Describe", "AutoScalingGroups InstanceRefreshes ScalingActivities ScheduledActions Tags"),
        *each("ec2", "", "DescribeLaunchTemplateVersions"),
        *each("elasticloadbalancing", "Describe", "TargetGroups TargetHealth"),
        *each("cloudwatch", "", "GetMetricData"),  # `watch` counts all fleets' requests at once
    ]
    return [
        allow("Look", anywhere, "*"),
        allow("ReadBoots", ["logs:FilterLogEvents", "logs:GetLogEvents"], log_groups(scope)),
    ]


def _plan(scope: Scope) -> list[Statement]:
    """Return the reads of a plan: what a stack needs to know before it declares anything, and the quotas."""
    quotas = [scope.arn("servicequotas", f"{service}/*") for service in QUOTAS]
    domain = [allow("WhoseRecord", ["route53:ListResourceRecordSets"], scope.hosted_zone)]
    seen = [
        *each(
            "ec2",
            "Describe",
            "Addresses AvailabilityZones Images InstanceTypeOfferings InstanceTypes Instances ManagedPrefixLists "
            "Regions SecurityGroups Vpcs",
        ),
        *each("elasticloadbalancing", "Describe", "Listeners LoadBalancers Rules Tags"),
    ]
    return [
        allow("Plan", seen, "*"),
        *(domain if scope.stack != names.REVIEWS else []),
        allow("WhoseRole", ["iam:GetRole"], scope.roles),
        allow(
            "WhoseBucket",
            ["s3:GetBucketTagging", "s3:GetBucketVersioning"],
            [*scope.stores, scope.access_logs, *scope.store_logs],
        ),
        allow("Topics", ["sns:GetTopicAttributes"], scope.arn("sns", "*")),
        allow("Keys", ["kms:DescribeKey"], scope.arn("kms", "key/*")),
        allow("WebAcl", ["wafv2:GetWebACL"], scope.arn("wafv2", "regional/webacl/*")),
        allow("Quotas", ["servicequotas:GetServiceQuota"], quotas),
    ]


def _roll(scope: Scope) -> list[Statement]:
    """Return what a rollout takes, forward or back.

    Auto Scaling launches nothing for whoever may not launch it themselves: it asks whether they may run the launch
    template's instances, tag them, and hand them their role (its user guide, "Control Amazon EC2 launch template
    usage in Auto Scaling groups").
    """
    refresh = ["PutLifecycleHook", "RollbackInstanceRefresh", "StartInstanceRefresh"]
    launched = [scope.arn("ec2", f"{kind}/*") for kind in ("instance", "network-interface", "volume")]
    image = f"arn:{names.partition(scope.region)}:ec2:{scope.region}::image/*"
    owned = [scope.arn("ec2", f"{kind}/*") for kind in ("launch-template", "security-group", "subnet")]
    return [
        *_watch(scope),
        allow("Roll", [f"autoscaling:{action}" for action in refresh], groups(scope)),
        allow("Launch", ["ec2:RunInstances"], [*launched, image]),
        allow("LaunchTheStacks", ["ec2:RunInstances"], owned, tagged(scope)),
        allow("TagLaunched", ["ec2:CreateTags"], launched, {"StringEquals": {"ec2:CreateAction": "RunInstances"}}),
        allow("PassRole", ["iam:PassRole"], scope.roles, passed("ec2.amazonaws.com")),
    ]


def _phase(scope: Scope) -> list[Statement]:
    """Return what a release phase takes besides: to end its instance, and no other, and to note what came of it."""
    condition = tagged(scope)
    condition = {**condition, "Null": {**condition.get("Null", {}), f"aws:ResourceTag/{names.PHASE_TAG}": "false"}}
    notes = [f"{scope.store}/ledger/.{folder}/{scope.stack}/*" for folder in ("phases", "phased/*")]
    return [
        allow("EndPhase", ["ec2:TerminateInstances"], scope.arn("ec2", "instance/*"), condition),
        allow("NotePhase", ["s3:PutObject"], notes),
    ]


def _watch(scope: Scope) -> list[Statement]:
    """Return what it takes to follow instances until they serve, and to write the ledger."""
    folders = (scope.stack, ".digests")
    return [
        allow("Watch", ["autoscaling:DescribeLifecycleHooks", "cloudwatch:GetMetricStatistics"], "*"),
        allow("Ledger", ["s3:PutObject"], [f"{scope.store}/ledger/{folder}/*" for folder in folders]),
    ]


def _freeze(scope: Scope) -> list[Statement]:
    """Return what adds a freeze, its end, or that a deploy insisted; none of them is ever rewritten."""
    return [allow("Freeze", ["s3:PutObject"], f"{scope.store}/ledger/.freezes/{scope.stack}/*")]


def _tell(scope: Scope) -> list[Statement]:
    """Return what tells whomever the stack tells (`notify`): to find out who that is, and to publish to its topics."""
    whom = scope.arn("ssm", f"parameter{names.notify_parameter_name(scope.stack)}")
    return [
        allow("WhomToTell", ["ssm:GetParameter"], whom),
        allow("Tell", ["sns:Publish"], scope.arn("sns", "*")),
    ]


def _copy_image(scope: Scope) -> list[Statement]:
    """Return what copies a machine image to the replica's region (EC2 user guide, "Grant permissions to copy AMIs")."""
    if not scope.replica:
        return []

    def anyone(region: str, kind: str) -> str:
        return f"arn:{names.partition(region)}:ec2:{region}::{kind}/*"

    made = [anyone(scope.replica, kind) for kind in ("image", "snapshot")]
    copied = {"StringEquals": {"ec2:CreateAction": "CopyImage"}}
    return [
        allow("CopyImage", ["ec2:CopyImage"], [*made, anyone(scope.region, "image"), anyone(scope.region, "snapshot")]),
        allow("TagCopies", ["ec2:CreateTags"], made, copied),
    ]


def _use_state(scope: Scope, *, write: bool) -> list[Statement]:
    statements: list[Statement] = []
    if scope.state:
        actions = ["s3:GetObject", *(["s3:PutObject", "s3:DeleteObject"] if write else [])]
        bucket = scope.state.partition("/")[0]
        statements += [
            allow("State", actions, f"{names.bucket_arn(scope.state, scope.region)}/.pulumi/*"),
            allow("ListState", ["s3:ListBucket"], names.bucket_arn(bucket, scope.region)),
        ]
    if scope.key:
        statements.append(allow("Secrets", ["kms:Decrypt", *(["kms:Encrypt"] if write else [])], scope.key))
    return statements
