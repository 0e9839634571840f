"""What only the deployer, and whoever has review stacks, may do: make, change and remove the stack's resources. Pure.

EC2's ids are not known beforehand, so there the tag `slipway:stack` decides; for everything else its name does.
"""

from __future__ import annotations

from infra.permissions.policies import Statement
from infra.permissions.scope import Scope, allow, each, groups, log_groups, passed, requested, tagged
from release import names


def statements(scope: Scope) -> list[Statement]:
    """Return what deploying takes in addition to previewing, publishing and rolling back."""
    return [*nameless(scope), *_change_names(scope)]


def nameless(scope: Scope) -> list[Statement]:
    """Return the same without a domain: no record, health check or certificate."""
    return [*_change_network(scope), *_change_fleets(scope), *_change_buckets(scope)]


def removal(scope: Scope) -> list[Statement]:
    """Return what removes what other stacks keep: the stack's buckets, versions and all, and its secrets."""
    buckets = [*scope.stores, scope.access_logs]
    removed = "DeleteBucket DeleteBucketPolicy ListBucketMultipartUploads ListBucketVersions"
    emptied = "AbortMultipartUpload DeleteObject DeleteObjectVersion"
    return [
        allow("RemoveBuckets", each("s3", "", removed), buckets),
        allow("RemoveSecrets", ["ssm:DeleteParameter"], scope.arn("ssm", f"parameter{names.folder(scope.stack)}/*")),
        allow("Empty", each("s3", "", emptied), [f"{bucket}/*" for bucket in buckets]),
    ]


def reads(scope: Scope) -> list[Statement]:
    """Return what it takes to read all that a stack has, as a refresh does: the reads among `statements`.

    The stack's secrets are among them: whoever refreshes also has the passphrase or the key of the state, which has
    them too.
    """
    found: list[Statement] = []
    for statement in statements(scope):
        reading = [action for action in statement["Action"] if action.partition(":")[2].startswith(_READS)]
        actions = [action for action in reading if action not in _ASKED_IN_CHANGES]
        if actions:
            found.append({**statement, "Sid": f"Refresh{statement['Sid'].removeprefix('See')}", "Action": actions})
    return found


_READS = ("Describe", "Get", "List")
_ASKED_IN_CHANGES = ("iam:ListInstanceProfilesForRole", "route53:GetChange")
"""Reads that only a removal or a change of a record asks for."""
_EC2_MADE = (
    "AllocateAddress AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateFlowLogs CreateInternetGateway "
    "CreateLaunchTemplate CreateNatGateway CreateRouteTable CreateSecurityGroup CreateSubnet CreateVpc "
    "CreateVpcEndpoint"
)
_EC2_CHANGED = (
    "AssociateRouteTable AttachInternetGateway CreateLaunchTemplateVersion CreateRoute CreateTags DeleteFlowLogs "
    "DeleteInternetGateway DeleteLaunchTemplate DeleteNatGateway DeleteRoute DeleteRouteTable DeleteSecurityGroup "
    "DeleteSubnet DeleteVpc DeleteVpcEndpoints DescribeVpcAttribute DetachInternetGateway DisassociateAddress "
    "DisassociateRouteTable ModifyLaunchTemplate ModifyVpcAttribute ModifyVpcEndpoint ReleaseAddress ReplaceRoute "
    "RevokeSecurityGroupEgress RevokeSecurityGroupIngress"
)
_RULES_MADE = "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress"
_EC2_SEEN = (
    "AddressesAttribute FlowLogs InternetGateways LaunchTemplates NatGateways NetworkAcls "
    "NetworkInterfaces PrefixLists RouteTables SecurityGroupRules Subnets VpcEndpoints"
)


def _change_network(scope: Scope) -> list[Statement]:
    """Return the EC2 statements: what is made must be tagged as the stack's at once; only that can be used or changed.

    A VPC's default security group comes without tags; the stack adopts and closes it. The rules of security groups
    are tagged once they are there: until then it is their group's tag that guards them. So both may be given the tag
    where they have none.
    """
    everything = scope.arn("ec2", "*/*")
    becomes = requested(scope)
    made = _EC2_MADE.split()
    rules, security_groups = scope.arn("ec2", "security-group-rule/*"), scope.arn("ec2", "security-group/*")
    untagged = {f"aws:ResourceTag/{names.STACK_TAG}": "true"}
    adopted = {**becomes, "Null": {**becomes.get("Null", {}), **untagged}}
    return [
        allow("See", each("ec2", "Describe", _EC2_SEEN), "*"),
        allow("Make", each("ec2", "", _EC2_MADE), everything, becomes),
        allow("Change", each("ec2", "", f"{_EC2_MADE} {_EC2_CHANGED}"), everything, tagged(scope)),
        allow("TagMade", ["ec2:CreateTags"], everything, {"StringEquals": {"ec2:CreateAction": made}}),
        allow("Rules", each("ec2", "", _RULES_MADE), rules),
        allow("Adopt", ["ec2:CreateTags"], [security_groups, rules], adopted),
    ]


_BALANCING_MADE = (
    "AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup DeleteListener DeleteLoadBalancer "
    "DeleteRule DeleteTargetGroup ModifyListener ModifyListenerAttributes ModifyLoadBalancerAttributes ModifyRule "
    "ModifyTargetGroup ModifyTargetGroupAttributes SetRulePriorities SetSubnets"
)
_FIREWALL = "AssociateWebACL DisassociateWebACL GetWebACL GetWebACLForResource"
_BALANCING_SEEN = "CapacityReservation ListenerAttributes LoadBalancerAttributes TargetGroupAttributes"
_GROUPS_MADE = (
    "CreateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup DeleteLifecycleHook DeletePolicy "
    "DeleteScheduledAction EnableMetricsCollection PutScalingPolicy PutScheduledUpdateGroupAction ResumeProcesses "
    "SuspendProcesses UpdateAutoScalingGroup"
)
_IAM_MADE = (
    "AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile DeleteRole DeleteRolePolicy "
    "GetInstanceProfile GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies "
    "RemoveRoleFromInstanceProfile TagInstanceProfile TagRole UntagRole"
)
_IAM_GIVEN = "CreateRole PutRolePolicy"
_LOGS_MADE = (
    "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteMetricFilter DeleteRetentionPolicy DescribeMetricFilters "
    "DisassociateKmsKey ListTagsForResource PutMetricFilter PutRetentionPolicy TagResource"
)
_ALARMS_MADE = "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource"
_DOCUMENT_MADE = (
    "AddTagsToResource CreateDocument DeleteDocument DescribeDocument DescribeDocumentPermission GetDocument "
    "ListTagsForResource RemoveTagsFromResource UpdateDocument UpdateDocumentDefaultVersion"
)
_EVENTS_MADE = (
    "DeleteRule DescribeRule ListTagsForResource ListTargetsByRule PutRule PutTargets RemoveTargets TagResource "
    "UntagResource"
)
_SSM_MADE = "AddTagsToResource GetParameter ListTagsForResource PutParameter"


def _change_fleets(scope: Scope) -> list[Statement]:
    """Return the statements on balancer, groups, their roles, logs, alarms and secrets, which go by name."""
    balancer, target_groups = names.balancer_name(scope.stack), f"targetgroup/{scope.stack}-"[:35]
    balanced = [scope.arn("elasticloadbalancing", f"*/app/{balancer}/*")]
    balanced.append(scope.arn("elasticloadbalancing", f"{target_groups}*"))
    profiles = scope.everywhere("iam", f"{scope.account}:instance-profile/{scope.prefix}-*")
    linked = [
        scope.everywhere("iam", f"{scope.account}:role/aws-service-role/{service}.amazonaws.com/*")
        for service in ("autoscaling", "elasticloadbalancing")
    ]
    told = names.notify_parameter_name(scope.stack)
    return [
        allow("SeeBalancers", each("elasticloadbalancing", "Describe", _BALANCING_SEEN), "*"),
        allow("Balance", each("elasticloadbalancing", "", _BALANCING_MADE), balanced),
        allow("Firewall", each("wafv2", "", _FIREWALL), [*balanced[:1], scope.arn("wafv2", "regional/webacl/*")]),
        allow("SetFirewall", ["elasticloadbalancing:SetWebAcl"], "*"),
        allow("SeeScaling", each("autoscaling", "Describe", "Policies ScheduledActions WarmPool"), "*"),
        allow("Scale", each("autoscaling", "", _GROUPS_MADE), groups(scope)),
        allow("Roles", each("iam", "", _IAM_MADE), [scope.roles, profiles]),
        *_give(scope),
        allow("PassLogs", ["iam:PassRole"], scope.roles, passed("vpc-flow-logs.amazonaws.com")),
        allow("ServiceRoles", ["iam:CreateServiceLinkedRole"], linked),
        allow("SeeMore", ["cloudwatch:DescribeAlarms", "logs:DescribeLogGroups", "ssm:DescribeParameters"], "*"),
        allow("Logs", each("logs", "", _LOGS_MADE), log_groups(scope)),
        allow("Alarms", each("cloudwatch", "", _ALARMS_MADE), scope.arn("cloudwatch", f"alarm:{scope.prefix}-*")),
        allow("Console", each("ssm", "", _DOCUMENT_MADE), [scope.console, scope.terminal]),
        allow("Parameters", each("ssm", "", _SSM_MADE), scope.arn("ssm", f"parameter{names.folder(scope.stack)}/*")),
        allow("TellNobody", ["ssm:DeleteParameter"], scope.arn("ssm", f"parameter{told}")),
        allow("Events", each("events", "", _EVENTS_MADE), scope.arn("events", f"rule/{scope.prefix}-*")),
    ]


def _give(scope: Scope) -> list[Statement]:
    """Return what gives the stack's roles their rights.

    With a boundary only to roles that have it, and nobody takes it from them: otherwise whoever makes a role, gives it
    every right and launches an instance with it is an administrator (IAM user guide, "Delegating responsibility to
    others using permissions boundaries").
    """
    if not scope.boundary:
        return [allow("GiveRights", each("iam", "", _IAM_GIVEN), scope.roles)]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": scope.boundary}}
    return [allow("GiveRights", each("iam", "", f"{_IAM_GIVEN} PutRolePermissionsBoundary"), scope.roles, bounded)]


_BUCKETS_MADE = (
    "CreateBucket GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging "
    "GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock "
    "GetBucketRequestPayment GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration "
    "GetLifecycleConfiguration GetReplicationConfiguration ListBucket ListTagsForResource PutBucketLogging "
    "PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock "
    "PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration "
    "PutReplicationConfiguration TagResource"
)


def _change_buckets(scope: Scope) -> list[Statement]:
    """Return the statements on the stack's buckets: they may be made and set up, but neither removed nor emptied."""
    return [allow("Buckets", each("s3", "", _BUCKETS_MADE), [*scope.stores, scope.access_logs, *scope.store_logs])]


_HEALTH_CHECKS = "ChangeTagsForResource DeleteHealthCheck GetHealthCheck ListTagsForResource UpdateHealthCheck"


def _change_names(scope: Scope) -> list[Statement]:
    """Return the statements on the domain's records and its certificate.

    IAM can't limit a health check by its tags, and its id is not known beforehand.
    """
    made = requested(scope)
    certificate = scope.arn("acm", "certificate/*")
    certificates = "AddTagsToCertificate DeleteCertificate DescribeCertificate ListTagsForCertificate"
    return [
        allow(
            "Records",
            each("route53", "", "ChangeResourceRecordSets GetHostedZone ListResourceRecordSets"),
            scope.hosted_zone,
        ),
        allow("HealthChecks", each("route53", "", _HEALTH_CHECKS), scope.everywhere("route53", ":healthcheck/*")),
        allow("HealthCheck", ["route53:CreateHealthCheck"], "*"),
        allow("RecordsDone", ["route53:GetChange"], scope.everywhere("route53", ":change/*")),
        allow("Certificate", ["acm:RequestCertificate"], "*", made),
        allow("TagCertificate", ["acm:AddTagsToCertificate"], certificate, made),
        allow("Certificates", each("acm", "", certificates), certificate, tagged(scope)),
    ]
