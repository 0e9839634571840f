"""Looks up what AWS has already: the caller, the listener's rules, and which stack has a name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.plan.callers import Caller
from release import names
from release.clients import FAILURES, SHORTLY, client, code
from release.errors import StoreError

_ABSENT = {
    "NoSuchEntity",
    "TargetGroupNotFound",
    "LoadBalancerNotFound",
    "NoSuchBucket",
    "NotFound",
    "NotFoundException",
}
_UNTAGGED = {"NoSuchTagSet"}


@dataclass(frozen=True, kw_only=True)
class Name:
    """A name that the stack wants for `what`. `tags` asks for the tags of what has the name; None: nothing has."""

    what: str
    name: str
    tags: Callable[[], Mapping[str, str] | None]


def caller(region: str) -> Caller:
    """Return whom boto3 acts as (GetCallerIdentity)."""
    answer = client("sts", region).get_caller_identity()
    return Caller(account=str(answer["Account"]), arn=str(answer["Arn"]), region=region)


def has_no_bucket(error: StoreError) -> bool:
    """Return whether the store could not be read because there is none: before a stack's first `up`."""
    return isinstance(error.__cause__, ClientError) and code(error.__cause__) == "NoSuchBucket"


def rules(region: str, stack: str) -> dict[tuple[str, str | None], int]:
    """Return the priorities of the load balancer's rules, by target group's name and path pattern."""
    elbv2 = client("elbv2", region)
    priorities: dict[tuple[str, str | None], int] = {}
    for balancer in _balancers(region, stack):
        listeners = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        for listener in listeners:
            pages = elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener["ListenerArn"])
            shown = (rule for page in pages for rule in page["Rules"] if rule["Priority"] != "default")
            priorities |= {_key(rule): int(rule["Priority"]) for rule in shown}
    return priorities


def balancer(region: str, stack: str) -> str | None:
    """Return the DNS name of the stack's load balancer; None if there is none."""
    found = _balancers(region, stack)
    return str(found[0]["DNSName"]) if found else None


def _balancers(region: str, stack: str) -> Sequence[Mapping[str, Any]]:
    elbv2 = client("elbv2", region)
    return _or_none(lambda: elbv2.describe_load_balancers(Names=[names.balancer_name(stack)])["LoadBalancers"]) or ()


def of_roles(region: str, roles: Collection[str]) -> list[Name]:
    """Return the names that roles are to have. Without roles IAM, which is not in the region, is not asked."""
    if not roles:
        return []
    iam = client("iam", region)

    def role(name: str) -> Mapping[str, str]:
        return _tags(iam.get_role(RoleName=name)["Role"].get("Tags", ()))

    return [_name("the IAM role", name, role) for name in roles]


def of_fleets(region: str, stack: str, fleets: Mapping[str, int | None]) -> list[Name]:
    """Return the names that new fleets are to have in the region; `fleets` has the port of each, None of workers."""
    if not fleets:
        return []
    elbv2, autoscaling = client("elbv2", region), client("autoscaling", region)

    def target_group(name: str) -> Mapping[str, str]:
        arn = elbv2.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
        return _tags(elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])

    def group(name: str) -> Mapping[str, str] | None:
        found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return _tags(found[0]["Tags"]) if found else None

    wanted: list[Name] = []
    for fleet, port in fleets.items():
        if port is not None:
            wanted.append(_name("the target group", names.target_group_name(stack, fleet, port), target_group))
        wanted.append(_name("the Auto Scaling group", names.group_name(stack, fleet), group))
    return wanted


def of_buckets(region: str, buckets: Iterable[str]) -> list[Name]:
    """Return the names that the stack's own buckets are to have."""
    s3 = client("s3", region)

    def bucket(name: str) -> Mapping[str, str]:
        return _tags(s3.get_bucket_tagging(Bucket=name)["TagSet"])

    return [_name("the bucket", name, bucket) for name in buckets]


def region_of(bucket: str, region: str) -> str | None:
    """Return the region that a bucket is in, asked from `region`; "" if there is no such one, None if AWS won't say."""
    try:
        return client("s3", region).head_bucket(Bucket=bucket).get("BucketRegion")
    except ClientError as error:
        if code(error) not in {"404", "403", "400"}:
            raise
        return "" if code(error) == "404" else None


def stands(bucket: str, region: str) -> bool:
    """Return whether a bucket of the caller's is there; False too where nothing tells, or not within seconds."""
    try:
        client("s3", region, SHORTLY).get_bucket_versioning(Bucket=bucket)
    except FAILURES:
        return False
    return True


def exists(name: Name) -> bool:
    """Return whether something has the name."""
    return name.tags() is not None


def taken(stack: str, wanted: Collection[Name]) -> list[str]:
    """Return which of the names are taken, and by what. They are looked up side by side."""
    if not wanted:
        return []
    with ThreadPoolExecutor(max_workers=16) as threads:
        owners = list(threads.map(_owner, wanted))
    return [
        f"{name.what} {name.name} {_whose(owner)}"
        for name, owner in zip(wanted, owners, strict=True)
        if owner is not None and owner.get(names.STACK_TAG) != stack
    ]


def unusable_key(region: str, arn: str) -> str:
    """Return why a KMS key encrypts nothing, or ""; one that may not be looked at counts as usable (DescribeKey)."""
    try:
        found = client("kms", region).describe_key(KeyId=arn)["KeyMetadata"]
    except ClientError as error:
        if code(error) not in {"NotFoundException", "AccessDeniedException"}:
            raise
        return "there is no such key" if code(error) == "NotFoundException" else ""
    if found["KeyState"] != "Enabled":
        return f"it is {found['KeyState']}"
    spec = found.get("KeySpec", "SYMMETRIC_DEFAULT")
    return "" if spec == "SYMMETRIC_DEFAULT" else f"it is {spec}, and only symmetric keys encrypt"


def has_web_acl(region: str, arn: str) -> bool:
    """Return whether a regional web ACL is there (GetWebACL)."""
    name, id_ = arn.split("/")[-2:]
    wafv2 = client("wafv2", region)
    try:
        wafv2.get_web_acl(Name=name, Scope="REGIONAL", Id=id_)
    except ClientError as error:
        if code(error) != "WAFNonexistentItemException":
            raise
        return False
    return True


def missing_topics(region: str, arns: Iterable[str]) -> set[str]:
    """Return the SNS topics that do not exist. One of another account that may not be read counts as existing."""
    topics = sorted(set(arns))
    if not topics:
        return set()
    sns = client("sns", region)

    def is_missing(arn: str) -> bool:
        try:
            sns.get_topic_attributes(TopicArn=arn)
        except ClientError as error:
            if code(error) not in {"NotFound", "AuthorizationError"}:
                raise
            return code(error) == "NotFound"
        return False

    return {arn for arn in topics if is_missing(arn)}


def _owner(name: Name) -> Mapping[str, str] | None:
    return name.tags()


def missing_targets(region: str, ids: Iterable[str]) -> set[str]:
    """Return the security groups and prefix lists that do not exist."""
    groups = sorted({id_ for id_ in ids if id_.startswith("sg-")})
    lists = sorted({id_ for id_ in ids if id_.startswith("pl-")})
    there: set[str] = set()
    if groups:
        shown = client("ec2", region).describe_security_groups(Filters=[{"Name": "group-id", "Values": groups}])
        there |= {str(group["GroupId"]) for group in shown["SecurityGroups"]}
    if lists:
        known = client("ec2", region).describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-id", "Values": lists}]
        )
        there |= {str(each["PrefixListId"]) for each in known["PrefixLists"]}
    return {*groups, *lists} - there


def _whose(tags: Mapping[str, str]) -> str:
    if names.STACK_TAG in tags:
        fleet = f" (fleet {tags[names.FLEET_TAG]})" if names.FLEET_TAG in tags else ""
        return f"belongs to the stack {tags[names.STACK_TAG]}{fleet}"
    return "exists already, and belongs to no stack of Slipway's"


def _name(what: str, name: str, ask: Callable[[str], Mapping[str, str] | None]) -> Name:
    return Name(what=what, name=name, tags=lambda: _or_none(lambda: ask(name)))


def _or_none(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the call answers
    """Return the answer; None if AWS has no such thing, {} if that has no tags."""
    try:
        return ask()
    except ClientError as error:
        if code(error) in _UNTAGGED:
            return {}
        if code(error) in _ABSENT:
            return None
        raise


def _tags(shown: Iterable[Mapping[str, object]]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in shown}


_OURS = {"path-pattern", "host-header"}
"""The conditions of rules that a stack declares."""


def _key(rule: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what tells a rule apart: its target and path; of one that no stack declares, that it has its priority.

    Such a one may be a copy of a stack's rule, for some clients (`python -m release maintenance on --allow`).
    """
    target = _target(rule)
    if not target or {condition["Field"] for condition in rule["Conditions"]} - _OURS:
        return f"priority {rule['Priority']}", None
    return target, _path(rule)


def _target(rule: Mapping[str, Any]) -> str:
    """Return the name of the target group that a rule forwards to, or ""."""
    arns = [str(action["TargetGroupArn"]) for action in rule["Actions"] if "TargetGroupArn" in action]
    return names.target_group_in(arns[0]) if arns else ""


def _path(rule: Mapping[str, Any]) -> str | None:
    """Return a rule's path pattern, or None; each of the stack's rules has one at most."""
    values = [condition for condition in rule["Conditions"] if condition["Field"] == "path-pattern"]
    return str(values[0]["PathPatternConfig"]["Values"][0]) if values else None
