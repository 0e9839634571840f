"""Bounds every role that a stack makes, those of parts that come later too."""

from __future__ import annotations

import pulumi

_ROLE = "aws:iam/role:Role"


def install(boundary: str) -> None:
    """Give each role of the program this permissions boundary (a policy's ARN); has to happen before the first one."""

    def bound(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != _ROLE:
            return None
        return pulumi.ResourceTransformationResult({**args.props, "permissions_boundary": boundary}, args.opts)

    pulumi.runtime.register_stack_transformation(bound)
