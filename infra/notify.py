"""Who is told of deploys, as a stack keeps it for commands, and the rule that tells of rollouts nobody follows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from release import names
from release.notify import targets
from release.notify.targets import Told

_ENDS = ("Succeeded", "Failed", "Cancelled", "Rollback Succeeded", "Rollback Failed")
"""How an instance refresh ends (Auto Scaling user guide, "Instance refresh example events and patterns")."""
_PATHS = {
    "end": "$.detail-type",
    "group": "$.detail.AutoScalingGroupName",
    "refresh": "$.detail.InstanceRefreshId",
    "region": "$.region",
    "at": "$.time",
}


@dataclass(frozen=True, kw_only=True)
class NotifyArgs:
    stack: str
    account: str
    fleets: Sequence[str]
    told: Told


class Notify(pulumi.ComponentResource):
    """The parameter that commands read, and the rule of EventBridge.

    Sources: EventBridge user guide, "Using resource-based policies", "Input transformation"; its quotas (five targets).
    """

    def __init__(self, name: str, args: NotifyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:notify:Notify", name, None, opts)
        child, tags = pulumi.ResourceOptions(parent=self), names.tags(args.stack)
        aws.ssm.Parameter(
            f"{name}-targets",
            name=names.notify_parameter_name(args.stack),
            description=f"Whom stack {args.stack} tells of its deploys",
            type="SecureString",
            value=pulumi.Output.secret(targets.to_json(args.told)),
            tags=tags,
            opts=child,
        )
        topics = own_topics(args.told, args.account)
        if topics:
            rule = aws.cloudwatch.EventRule(
                f"{name}-rule",
                name=names.part_name(args.stack, "rollouts"),
                description=f"Ends of rollouts of stack {args.stack}, whether or not a command follows them",
                event_pattern=json.dumps(pattern(args.stack, args.fleets)),
                tags=tags,
                opts=child,
            )
            for topic in topics:
                aws.cloudwatch.EventTarget(
                    f"{name}-{topic.rpartition(':')[2]}",
                    rule=rule.name,
                    target_id=names.bounded(topic.rpartition(":")[2], 64),
                    arn=topic,
                    input_transformer={"input_paths": _PATHS, "input_template": template(args.stack)},
                    opts=child,
                )
        self.register_outputs({})


def own_topics(told: Told, account: str) -> list[str]:
    """Return the topics that a rule can tell: those of its account; to another's it would need a role. Pure."""
    return [each.address for each in told.targets if each.is_topic and each.address.split(":")[4] == account]


def pattern(stack: str, fleets: Sequence[str]) -> dict[str, Any]:
    """Return the pattern of the events: the ends of instance refreshes of these fleets. Pure."""
    return {
        "source": ["aws.autoscaling"],
        "detail-type": [f"EC2 Auto Scaling Instance Refresh {end}" for end in _ENDS],
        "detail": {"AutoScalingGroupName": [names.group_name(stack, fleet) for fleet in fleets]},
    }


def template(stack: str) -> str:
    """Return the message, with `<name>` in the place of what an event has. Pure."""
    told = {
        "schema": 1,
        "event": "refresh-ended",
        "text": f"{stack}: <end> (AWS, group <group>)",
        "stack": stack,
        "region": "<region>",
        "by": "Amazon EventBridge",
        "at": "<at>",
        "group": "<group>",
        "refresh": "<refresh>",
    }
    return json.dumps(told)
