"""Has everything that a review stack declares tell when the stack expires, and go with the stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from release import names


def declare(expires: str) -> None:
    """Add the tag to whatever is declared from now on and has tags; nothing is kept when the stack is removed.

    Instances and volumes have it not: it would be in the launch template, and a later expiry would roll out.
    Other stacks keep some things for an older release that may come back, such as the secrets of instances.
    """

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        tags = cast("Mapping[str, Any] | Sequence[Any] | None", args.props.get("tags"))
        if not args.type_.startswith("aws:"):
            return None
        props = args.props if tags is None else {**args.props, "tags": tagged(tags, expires)}
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(retain_on_delete=False))
        return pulumi.ResourceTransformationResult(props=props, opts=opts)

    pulumi.runtime.register_stack_transformation(add)


def tagged(tags: Mapping[str, Any] | Sequence[Any], expires: str) -> Mapping[str, Any] | Sequence[Any]:
    """Return the tags with the expiry; an Auto Scaling group has a list, and says of each whether instances get it."""
    if isinstance(tags, Mapping):
        return {**tags, names.EXPIRY_TAG: expires}
    return [*tags, {"key": names.EXPIRY_TAG, "value": expires, "propagate_at_launch": False}]
