"""The VPC's flow logs: who talked to whom, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.permissions import policies
from infra.settings.logs import LogsSettings
from release import names

RETENTION_DAYS = 30
"""How long flow logs are kept where the settings don't say."""


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    stack: str
    region: str
    account: str
    vpc_id: pulumi.Input[str]
    logs: LogsSettings


class FlowLogs(pulumi.ComponentResource):
    """Into a log group of its own. Source: VPC user guide, "Publish flow logs to CloudWatch Logs"."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = names.tags(args.stack, name=names.part_name(args.stack, "flow-logs"))
        group = aws.cloudwatch.LogGroup(
            f"{name}-log-group",
            name=names.flow_logs_group_name(args.stack),
            retention_in_days=args.logs.retention or RETENTION_DAYS,
            kms_key_id=args.logs.kms_key,
            tags=tags,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=names.flow_logs_role_name(args.stack, args.region),
            assume_role_policy=pulumi.Output.json_dumps(
                policies.assumed_by("vpc-flow-logs.amazonaws.com", account=args.account)
            ),
            tags=tags,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name="write",
            role=role.name,
            policy=pulumi.Output.json_dumps(group.arn.apply(policies.flow_logs)),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})
