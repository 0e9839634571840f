"""What AWS asks IAM before it does a call: which actions, on which resources, in which context.

As the service authorization reference has it ("Actions, resources, and condition keys"), for the services used here.
Actions that can't be limited to a resource are asked of "*".
"""

from __future__ import annotations

from collections.abc import Iterator

from moto.acm.models import acm_backends
from moto.autoscaling.models import autoscaling_backends
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.elbv2.models import elbv2_backends
from moto.wafv2.models import wafv2_backends

from sandbox.aws.iam import commands, ec2, identities, launches, resources
from sandbox.aws.iam.calls import Call
from sandbox.aws.iam.policy import Ask

_PREFIXES = {"s3control": "s3", "monitoring": "cloudwatch", "tagging": "tag"}
"""IAM's name of a service, where it is not the one that requests are signed with."""

_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
"""S3's actions, where their names are not those of the operations."""

_TAGGING = {
    "CreateAutoScalingGroup": "autoscaling:CreateOrUpdateTags",
    "CreateDocument": "ssm:AddTagsToResource",
    "CreateInstanceProfile": "iam:TagInstanceProfile",
    "CreateListener": "elasticloadbalancing:AddTags",
    "CreateLoadBalancer": "elasticloadbalancing:AddTags",
    "CreateLogGroup": "logs:TagResource",
    "CreateOpenIDConnectProvider": "iam:TagOpenIDConnectProvider",
    "CreatePolicy": "iam:TagPolicy",
    "CreateRole": "iam:TagRole",
    "CreateRule": "elasticloadbalancing:AddTags",
    "CreateTargetGroup": "elasticloadbalancing:AddTags",
    "PutMetricAlarm": "cloudwatch:TagResource",
    "PutParameter": "ssm:AddTagsToResource",
}
"""What has to be allowed besides where something is tagged as it is made."""
_ELB_CREATED = {"CreateLoadBalancer": "loadbalancer/app/{}/0", "CreateTargetGroup": "targetgroup/{}/0"}
_LOGS_NAMES = ("logGroupName", "logGroupIdentifier")
_CLOUDWATCH_ALARMS = {"PutMetricAlarm", "DeleteAlarms", "SetAlarmState", "EnableAlarmActions", "DisableAlarmActions"}


def asks(call: Call) -> Iterator[Ask]:
    """Return every permission that the call needs."""
    if call.service == "ec2":
        yield from ec2.asks(call)
    elif call.service == "ssm" and call.operation in commands.OPERATIONS:
        yield from commands.asks(call)
    else:
        action = f"{_PREFIXES.get(call.service, call.service)}:{_action(call)}"
        tagging = _TAGGING.get(call.operation) if call.parameters.get("Tags") or call.parameters.get("tags") else None
        for resource in _resources(call) or ["*"]:
            context = _context(call)
            yield Ask(action=action, resource=resource, context=context)
            if tagging:
                # A rule is tagged itself, but made by naming its listener.
                made = resource.replace(":listener/", ":listener-rule/") if call.operation == "CreateRule" else resource
                yield Ask(action=tagging, resource=made, context=context)
    if call.service == "wafv2":
        yield from _firewall(call)
    if source := call.parameters.get("CopySource"):
        path, _, version = str(source).partition("?versionId=")
        yield Ask(action=f"s3:GetObject{'Version' if version else ''}", resource=f"arn:aws:s3:::{path}")
    yield from launches.asks(call)


def _web_acls(call: Call) -> list[str]:
    """Return a web ACL by its name and id, or what has one by its ARN."""
    if call.operation == "GetWebACL" and call.parameters.get("Id"):
        return [_arn(call, "wafv2", f"regional/webacl/{call.parameters['Name']}/{call.parameters['Id']}")]
    return _named_by_arn(call)


def _firewall(call: Call) -> Iterator[Ask]:
    """Yield what is asked besides: the balancer is changed, or it is told which web ACL it has."""
    if call.operation in ("AssociateWebACL", "DisassociateWebACL"):
        yield Ask(action="elasticloadbalancing:SetWebAcl", resource="*")
    if call.operation == "GetWebACLForResource":
        found = wafv2_backends[ACCOUNT][call.region].get_web_acl_for_resource(call.parameters["ResourceArn"])
        if found:
            yield Ask(action="wafv2:GetWebACL", resource=found.arn)


def _action(call: Call) -> str:
    if call.service != "s3":
        return call.operation
    action = _S3.get(call.operation, call.operation)
    if call.parameters.get("VersionId") and action in ("GetObject", "DeleteObject"):
        return f"{action}Version"
    return action


def _resources(call: Call) -> list[str]:
    return _BY_SERVICE.get(call.service, _named_by_arn)(call)


def _s3(call: Call) -> list[str]:
    bucket, key = call.parameters.get("Bucket"), call.parameters.get("Key")
    if call.operation == "DeleteObjects":
        key = "*"
    return [f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"] if bucket else []


def _jobs(call: Call) -> list[str]:
    job = call.parameters.get("JobId")
    return [_arn(call, "s3", f"job/{job}")] if job else []


def _autoscaling(call: Call) -> list[str]:
    tagged = [tag["ResourceId"] for tag in call.parameters.get("Tags", []) if "ResourceId" in tag]
    names = {call.parameters.get("AutoScalingGroupName", ""), *tagged} - {""}
    if call.operation.startswith("Describe"):
        return []
    if call.operation in ("SetInstanceHealth", "TerminateInstanceInAutoScalingGroup"):
        names |= _groups_with(call, str(call.parameters.get("InstanceId")))
    return [_arn(call, "autoscaling", f"autoScalingGroup:0:autoScalingGroupName/{name}") for name in names]


def _groups_with(call: Call, instance: str) -> set[str]:
    """Return the group that an instance is in, by which a call that names only the instance is judged."""
    groups = autoscaling_backends[ACCOUNT][call.region].autoscaling_groups
    return {name for name, group in groups.items() if any(m.instance.id == instance for m in group.instance_states)}


def _balancing(call: Call) -> list[str]:
    if call.operation.startswith("Describe"):
        return []
    if call.operation in _ELB_CREATED:
        resource = _ELB_CREATED[call.operation].format(call.parameters["Name"])
        return [_arn(call, "elasticloadbalancing", resource)]
    if call.operation in ("CreateListener", "CreateRule", "ModifyListener", "ModifyRule"):  # not where they forward to
        return [
            call.parameters[key] for key in ("LoadBalancerArn", "ListenerArn", "RuleArn") if call.parameters.get(key)
        ]
    return _named_by_arn(call)


def _kms(call: Call) -> list[str]:
    """Return the ARNs of the key and of the alias, whichever the call is about."""
    key, alias = resources.key_of(call), call.parameters.get("AliasName")
    found = [str(key.arn)] if key is not None else []
    if not found and str(call.parameters.get("KeyId", "")).startswith("arn:"):
        found = [str(call.parameters["KeyId"])]
    return [*found, *([_arn(call, "kms", str(alias))] if alias else [])]


def _logs(call: Call) -> list[str]:
    names = [str(call.parameters[key]) for key in _LOGS_NAMES if call.parameters.get(key)]
    stream = call.parameters.get("logStreamName")
    suffix = f":log-stream:{stream}" if stream else ""
    return [_arn(call, "logs", f"log-group:{name}{suffix}") for name in names] or _named_by_arn(call)


def _events(call: Call) -> list[str]:
    """Return the ARN of a rule on the default bus: by PutTargets and its kin it is called `Rule`."""
    name = call.parameters.get("Rule") or call.parameters.get("Name")
    return [_arn(call, "events", f"rule/{name}")] if name else _named_by_arn(call)


def _ssm(call: Call) -> list[str]:
    if "Document" in call.operation or call.parameters.get("ResourceType") == "Document":
        name = call.parameters.get("Name") or call.parameters.get("ResourceId")
        return [_arn(call, "ssm", f"document/{name}")] if name else []
    names = [call.parameters.get("Name"), call.parameters.get("ResourceId"), *call.parameters.get("Names", [])]
    given = [str(name).partition(":")[0].lstrip("/") for name in names if name]
    return [_arn(call, "ssm", f"parameter/{name}") for name in given]


def _cloudwatch(call: Call) -> list[str]:
    if call.operation not in _CLOUDWATCH_ALARMS:
        return _named_by_arn(call)
    names = [call.parameters.get("AlarmName"), *call.parameters.get("AlarmNames", [])]
    return [_arn(call, "cloudwatch", f"alarm:{name}") for name in names if name]


def _route53(call: Call) -> list[str]:
    """Return the ARNs of Route 53 ids, which may have a path before them: `/hostedzone/Z0`, `/change/C0`."""
    zone = call.parameters.get("HostedZoneId") or (
        call.parameters.get("Id") if "HostedZone" in call.operation else None
    )
    if zone:
        return [f"arn:aws:route53:::hostedzone/{str(zone).rpartition('/')[2]}"]
    if call.operation == "GetChange":
        return [f"arn:aws:route53:::change/{str(call.parameters['Id']).rpartition('/')[2]}"]
    if check := call.parameters.get("HealthCheckId"):
        return [f"arn:aws:route53:::healthcheck/{check}"]
    if call.parameters.get("ResourceId"):
        return [f"arn:aws:route53:::{call.parameters['ResourceType']}/{call.parameters['ResourceId']}"]
    return []


def _context(call: Call) -> dict[str, str | tuple[str, ...]]:
    if call.service == "acm":
        return {**_certificate(call)}
    if call.service == "iam":
        return {**identities.context(call)}
    if call.service == "autoscaling" and call.operation == "CreateOrUpdateTags":
        tags = {str(tag["Key"]): str(tag.get("Value", "")) for tag in call.parameters.get("Tags", [])}
        return {"aws:TagKeys": tuple(tags), **{f"aws:RequestTag/{key}": value for key, value in tags.items()}}
    if call.service == "elasticloadbalancing":
        return {**_balanced(call)}
    return {}


def _balanced(call: Call) -> dict[str, str]:
    """Return the tags that a listener's rule has, and those that something of a balancer is to get."""
    kept = elbv2_backends[ACCOUNT][call.region].tagging_service
    has = kept.get_tag_dict_for_resource(call.parameters.get("RuleArn", ""))
    has = {f"aws:ResourceTag/{key}": str(value) for key, value in has.items()}
    return has | {f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in call.parameters.get("Tags", [])}


def _certificate(call: Call) -> dict[str, str]:
    """Return the tags that a certificate has, and those that it is to get."""
    found = acm_backends[ACCOUNT][call.region]._certificates.get(call.parameters.get("CertificateArn", ""))  # pyright: ignore[reportPrivateUsage]
    has = {f"aws:ResourceTag/{key}": str(value) for key, value in (found.tags if found else {}).items()}
    return has | {f"aws:RequestTag/{tag['Key']}": tag.get("Value", "") for tag in call.parameters.get("Tags", [])}


def _quotas(call: Call) -> list[str]:
    return [_arn(call, "servicequotas", f"{call.parameters.get('ServiceCode')}/{call.parameters.get('QuotaCode')}")]


def _named_by_arn(call: Call) -> list[str]:
    """Return the parameters that are ARNs, or lists of ARNs."""
    values = [value if isinstance(value, list) else [value] for value in call.parameters.values()]
    return [str(each) for value in values for each in value if str(each).startswith("arn:")]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _arn(call: Call, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{call.region}:{ACCOUNT}:{resource}"


_BY_SERVICE = {
    "autoscaling": _autoscaling,
    "elasticloadbalancing": _balancing,
    "events": _events,
    "iam": identities.resources,
    "kms": _kms,
    "logs": _logs,
    "monitoring": _cloudwatch,
    "route53": _route53,
    "s3": _s3,
    "s3control": _jobs,
    "servicequotas": _quotas,
    "ssm": _ssm,
    "wafv2": _web_acls,
}
