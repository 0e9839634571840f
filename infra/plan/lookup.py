"""What AWS has already, asked before anything is declared: who asks, the listener's rules, and whose the names are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.plan.callers import Caller
from release import names
from release.clients import client, code

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
    """A name that is wanted, `what` it is of, and how the tags of the one that has it are found (None: nobody has)."""

    what: str
    name: str
    tags: Callable[[], Mapping[str, str] | None]


def caller(region: str) -> Caller:
    """Whom boto3 acts as (GetCallerIdentity)."""
    answer = client("sts", region).get_caller_identity()
    return Caller(account=str(answer["Account"]), arn=str(answer["Arn"]), region=region)


def rules(region: str, stack: str) -> dict[tuple[str, str | None], int]:
    """The rules of the stack's load balancer: target group's name and path pattern, which priority."""
    elbv2 = client("elbv2", region)
    found = _or_none(lambda: elbv2.describe_load_balancers(Names=[names.balancer_name(stack)])["LoadBalancers"])
    priorities: dict[tuple[str, str | None], int] = {}
    for balancer in found or ():
        listeners = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        for listener in listeners:
            pages = elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener["ListenerArn"])
            shown = (rule for page in pages for rule in page["Rules"] if rule["Priority"] != "default")
            priorities |= {(_target(rule), _path(rule)): int(rule["Priority"]) for rule in shown}
    return priorities


def of_roles(region: str, roles: Collection[str]) -> list[Name]:
    """Names of IAM roles. Where there are none, IAM is not asked: it is not of the region."""
    if not roles:
        return []
    iam = client("iam", region)

    def role(name: str) -> Mapping[str, str]:
        return _tags(iam.get_role(RoleName=name)["Role"].get("Tags", ()))

    return [_name("the IAM role", name, role) for name in roles]


def of_fleets(region: str, stack: str, fleets: Mapping[str, int]) -> list[Name]:
    """The names that new fleets are to have in the region; `fleets` are they and their ports."""
    if not fleets:
        return []
    elbv2, autoscaling = (client(service, region) for service in ("elbv2", "autoscaling"))

    def target_group(name: str) -> Mapping[str, str]:
        arn = elbv2.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
        return _tags(elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])

    def group(name: str) -> Mapping[str, str] | None:
        found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return _tags(found[0]["Tags"]) if found else None

    wanted: list[Name] = []
    for fleet, port in fleets.items():
        wanted += [
            _name("the target group", names.target_group_name(stack, fleet, port), target_group),
            _name("the Auto Scaling group", names.group_name(stack, fleet), group),
        ]
    return wanted


def of_buckets(region: str, buckets: Iterable[str]) -> list[Name]:
    """The names that the stack's own buckets are to have."""
    s3 = client("s3", region)

    def bucket(name: str) -> Mapping[str, str]:
        return _tags(s3.get_bucket_tagging(Bucket=name)["TagSet"])

    return [_name("the bucket", name, bucket) for name in buckets]


def taken(stack: str, wanted: Collection[Name]) -> list[str]:
    """The names that something else has, with whose it is. They are asked side by side."""
    if not wanted:
        return []
    with ThreadPoolExecutor(max_workers=16) as threads:
        owners = list(threads.map(_owner, wanted))
    return [
        f"{name.what} {name.name} {_whose(owner)}"
        for name, owner in zip(wanted, owners, strict=True)
        if owner is not None and owner.get(names.STACK_TAG) != stack
    ]


def missing_topics(region: str, arns: Iterable[str]) -> set[str]:
    """The SNS topics that are not there. One of another account may refuse to be asked, and counts as there."""
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
    """The security groups and prefix lists that are not there."""
    groups = sorted({id_ for id_ in ids if id_.startswith("sg-")})
    lists = sorted({id_ for id_ in ids if id_.startswith("pl-")})
    there: set[str] = set()
    if groups:
        filters = [{"Name": "group-id", "Values": groups}]
        found = client("ec2", region).describe_security_groups(Filters=filters)["SecurityGroups"]
        there |= {str(group["GroupId"]) for group in found}
    if lists:
        filters = [{"Name": "prefix-list-id", "Values": lists}]
        found = client("ec2", region).describe_managed_prefix_lists(Filters=filters)["PrefixLists"]
        there |= {str(shown["PrefixListId"]) for shown in found}
    return {*groups, *lists} - there


def _whose(tags: Mapping[str, str]) -> str:
    if names.STACK_TAG in tags:
        fleet = f", of its fleet {tags[names.FLEET_TAG]}" if names.FLEET_TAG in tags else ""
        return f"is the stack {tags[names.STACK_TAG]}'s{fleet}"
    return "is there already, and no stack of Slipway's"


def _name(what: str, name: str, ask: Callable[[str], Mapping[str, str] | None]) -> Name:
    return Name(what=what, name=name, tags=lambda: _or_none(lambda: ask(name)))


def _or_none(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the call answers
    """None where AWS has no such thing, {} where it has no tags."""
    try:
        return ask()
    except ClientError as error:
        if code(error) in _UNTAGGED:
            return {}
        if code(error) in _ABSENT:
            return None
        raise


def _tags(shown: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in shown}


def _target(rule: Mapping[str, Any]) -> str:
    """The name of the target group that a rule forwards to, or ""."""
    arns = [str(action["TargetGroupArn"]) for action in rule["Actions"] if "TargetGroupArn" in action]
    return names.target_group_in(arns[0]) if arns else ""


def _path(rule: Mapping[str, Any]) -> str | None:
    """Its path pattern; each of the stack's rules has one at most."""
    values = [condition for condition in rule["Conditions"] if condition["Field"] == "path-pattern"]
    return str(values[0]["PathPatternConfig"]["Values"][0]) if values else None
