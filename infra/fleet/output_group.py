"""The log group of what a fleet's app prints."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra.settings.logs import LogsSettings
from release import names


def declare(
    name: str, stack: str, fleet: str, settings: LogsSettings, opts: pulumi.ResourceOptions
) -> Sequence[aws.cloudwatch.LogGroup]:
    """Declare it if the settings want it: the agent on the instances may not make a log group."""
    if not settings.output:
        return []
    group = aws.cloudwatch.LogGroup(
        f"{name}-output-log-group",
        name=names.output_group_name(stack, fleet),
        retention_in_days=settings.output_retention,
        kms_key_id=settings.kms_key,
        tags=names.tags(stack, fleet=fleet),
        opts=opts,
    )
    return [group]
