"""Looks for what was added to a stack's resources by hand: a refresh compares only what the stack declares.

A rule in a security group, a policy of a role, a rule of a listener and a route are resources of their own, so that one
more of them is no change of any that the state knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from botocore.config import Config

from release.clients import FAILURES, SHORTLY, client, described
from release.errors import ReleaseError
from release.names import MAINTENANCE_TAG
from release.preview.drift import Drifted
from release.preview.steps import Change, Step
from release.preview.touched import GROUP
from release.text import one_line

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import SecurityGroupRuleTypeDef

_GROUPS = ("aws:ec2/securityGroup:SecurityGroup",)
_RULES = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_ROLE, _ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
_LISTENER, _LISTENER_RULE = "aws:lb/listener:Listener", "aws:lb/listenerRule:ListenerRule"
_HOOK = "aws:autoscaling/lifecycleHook:LifecycleHook"
_TABLE, _ROUTE = "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
CONFIG = SHORTLY.merge(Config(retries={"mode": "standard", "total_max_attempts": 4}))
"""Drift can be told without an answer; a call that is throttled or lost is asked again."""
_NEXT = "the next rollout sets it back; until then an instance that fails to boot its release may come into service"
_LEFT = "`pulumi up` leaves it; `{command}` removes it"


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """What a refresh found to be there."""

    steps: Sequence[Step]
    region: str | None

    def of(self, *types: str) -> dict[str, Step]:
        """Return the resources of some types that are there, by id."""
        return {step.id: step for step in self.steps if step.type in types and step.id and step.op != "delete"}


def look(steps: Sequence[Step], region: str | None, unknown: list[str]) -> list[Drifted]:
    """Return what is there beside what the stack declares. `unknown` gets what can't be asked, and why."""
    stack = _Stack(steps=steps, region=region)
    looks = (
        ("rules of security groups", _rules),
        ("policies of roles", _policies),
        ("rules of listeners", _listener_rules),
        ("routes", _routes),
        ("lifecycle hooks", _hooks),
    )

    def one(look: tuple[str, Callable[[_Stack], Iterator[Drifted]]]) -> list[Drifted]:
        what, ask = look
        try:
            return list(ask(stack))
        except (*FAILURES, ReleaseError) as error:
            unknown.append(f"whether there are more {what}: {one_line(described(error), 500)}")
            return []

    with ThreadPoolExecutor() as threads:
        return list(chain(*threads.map(one, looks)))


def _rules(stack: _Stack) -> Iterator[Drifted]:
    """Yield rules of the stack's security groups that it does not declare (DescribeSecurityGroupRules)."""
    groups, declared = stack.of(*_GROUPS), stack.of(*_RULES)
    if not groups:
        return
    ec2 = client("ec2", stack.region, CONFIG)
    for ids in _chunks(list(groups)):
        pages = ec2.get_paginator("describe_security_group_rules").paginate(
            Filters=[{"Name": "group-id", "Values": ids}]
        )
        for rule in (rule for page in pages for rule in page["SecurityGroupRules"]):
            id_ = rule["SecurityGroupRuleId"]
            if id_ in declared:
                continue
            group, direction = groups[rule["GroupId"]], "egress" if rule["IsEgress"] else "ingress"
            command = f"aws ec2 revoke-security-group-{direction} --group-id {group.id} --security-group-rule-ids {id_}"
            yield _added(group, f"{direction} rule {id_}", _rule(rule), command)


def _policies(stack: _Stack) -> Iterator[Drifted]:
    """Yield policies of the stack's roles that it does not declare (ListRolePolicies, ListAttachedRolePolicies)."""
    roles, declared = stack.of(_ROLE), stack.of(_ROLE_POLICY)
    if not roles:
        return
    attachments = {(each.old.get("role"), each.old.get("policyArn")) for each in stack.of(_ATTACHMENT).values()}
    iam = client("iam", stack.region, CONFIG)
    for name, role in roles.items():
        pages = iam.get_paginator("list_role_policies").paginate(RoleName=name)
        for policy in (policy for page in pages for policy in page["PolicyNames"]):
            if f"{name}:{policy}" not in declared:
                command = f"aws iam delete-role-policy --role-name {name} --policy-name {policy}"
                yield _added(role, f"inline policy {policy}", policy, command)
        declared_arns = {str(arn) for arn in role.old.get("managedPolicyArns") or ()}
        attached = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        for arn in (each["PolicyArn"] for page in attached for each in page["AttachedPolicies"]):
            if arn not in declared_arns and (name, arn) not in attachments:
                command = f"aws iam detach-role-policy --role-name {name} --policy-arn {arn}"
                yield _added(role, f"attached policy {arn.rpartition('/')[2]}", arn, command)


def _listener_rules(stack: _Stack) -> Iterator[Drifted]:
    """Yield rules of the stack's listeners that it does not declare (DescribeRules), but for those of a maintenance."""
    listeners, declared = stack.of(_LISTENER), stack.of(_LISTENER_RULE)
    if not listeners:
        return
    elbv2 = client("elbv2", stack.region, CONFIG)
    for of, listener in listeners.items():
        pages = elbv2.get_paginator("describe_rules").paginate(ListenerArn=of)
        rules = (rule for page in pages for rule in page["Rules"])
        added = {rule["RuleArn"]: rule for rule in rules if not rule["IsDefault"] and rule["RuleArn"] not in declared}
        tags = [
            found
            for arns in _chunks(list(added), 20)
            for found in elbv2.describe_tags(ResourceArns=arns)["TagDescriptions"]
        ]
        meant = {each["ResourceArn"] for each in tags if any(tag["Key"] == MAINTENANCE_TAG for tag in each["Tags"])}
        for arn in added.keys() - meant:
            rule = added[arn]
            when = [f"{each['Field']} {', '.join(each.get('Values', []))}".strip() for each in rule["Conditions"]]
            shown = f"{'; '.join(when)} → {', '.join(each['Type'] for each in rule['Actions'])}"
            command = f"aws elbv2 delete-rule --rule-arn {arn}"
            yield _added(listener, f"rule {rule['Priority']}", shown, command)


def _routes(stack: _Stack) -> Iterator[Drifted]:
    """Yield routes of the stack's tables that it does not declare; a gateway endpoint makes its own."""
    tables = stack.of(_TABLE)
    if not tables:
        return
    declared = {
        (route.old.get("routeTableId"), route.old.get(key))
        for route in stack.of(_ROUTE).values()
        for key in ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
    }
    ec2 = client("ec2", stack.region, CONFIG)
    for ids in _chunks(list(tables)):
        pages = ec2.get_paginator("describe_route_tables").paginate(RouteTableIds=ids)
        for table in (table for page in pages for table in page["RouteTables"]):
            id_ = table["RouteTableId"]
            for route in table["Routes"]:
                found = {key: route[key] for key in route if key.startswith("Destination")}
                by_hand = route.get("Origin") == "CreateRoute" and not route.get("GatewayId", "").startswith("vpce-")
                if not by_hand or any((id_, to) in declared for to in found.values()):
                    continue
                option, to = next(iter(found.items()))
                named = {"DestinationIpv6CidrBlock": "--destination-ipv6-cidr-block"}.get(option)
                named = named or {"DestinationPrefixListId": "--destination-prefix-list-id"}.get(option)
                command = f"aws ec2 delete-route --route-table-id {id_} {named or '--destination-cidr-block'} {to}"
                by = next(
                    (str(value) for key, value in route.items() if key.endswith("Id") and key != option), "nothing"
                )
                yield _added(tables[id_], f"route to {to}", f"by {by}", command)


def _hooks(stack: _Stack) -> Iterator[Drifted]:
    """Yield lifecycle hooks that the stack does not declare, and what became of those that it does.

    They are made with their group; the provider does not look at them again, so no refresh tells what they are now.
    """
    groups = stack.of(GROUP)
    if not groups:
        return
    scaling = client("autoscaling", stack.region, CONFIG)
    for name, group in groups.items():
        shown = scaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
        seen = {str(hook["LifecycleHookName"]): str(hook.get("DefaultResult", "")) for hook in shown}
        declared = {
            str(hook["name"]): str(hook.get("defaultResult")) for hook in group.old.get("initialLifecycleHooks") or ()
        }
        alone = {
            str(step.old.get("name"))
            for step in stack.steps
            if step.type == _HOOK and step.op != "delete" and step.old.get("autoscalingGroupName") == name
        }
        for hook in sorted(seen.keys() - declared.keys() - alone):
            command = (
                f"aws autoscaling delete-lifecycle-hook --auto-scaling-group-name {name} --lifecycle-hook-name {hook}"
            )
            yield _added(group, f"lifecycle hook {hook}", f"default result {seen[hook]}", command)
        for hook, result in declared.items():
            if seen.get(hook) != result:
                after = f"default result {seen[hook]}" if hook in seen else None
                change = Change(path=f"lifecycle hook {hook}", before=f"default result {result}", after=after)
                yield replace(_added(group, "", "", ""), changes=(change,), undo=_NEXT)


def _rule(rule: SecurityGroupRuleTypeDef) -> str:
    """Return what a rule allows, such as `tcp 22 from 0.0.0.0/0 (for debugging)`."""
    ports = [str(port) for port in dict.fromkeys((rule.get("FromPort", -1), rule.get("ToPort", -1))) if port != -1]
    named = rule.get("IpProtocol", "-1")
    protocol = "everything" if named == "-1" else " ".join((named, "-".join(ports))).strip()
    other = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    to = other or rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or "nowhere"
    about = f" ({rule['Description']})" if rule.get("Description") else ""
    return f"{protocol} {'to' if rule['IsEgress'] else 'from'} {to}{about}"


def _added(to: Step, what: str, shown: str, command: str) -> Drifted:
    return Drifted(
        urn=to.urn,
        type=to.type,
        name=to.name,
        id=to.id,
        changes=(Change(path=what, before=None, after=shown),),
        undo=_LEFT.format(command=command),
    )


def _chunks(ids: Sequence[str], size: int = 100) -> Iterator[list[str]]:
    """Yield them a hundred at a time: a filter takes 200 values."""
    return (list(ids[start : start + size]) for start in range(0, len(ids), size))
