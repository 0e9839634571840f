"""Has everything that a review stack declares tell when the stack expires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from release import names


def declare(expires: str) -> None:
    """Add the tag to whatever is declared from now on and has tags.

    Instances and volumes have it not: it would be in the launch template, and a later expiry would roll out.
    """

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        tags = cast("Mapping[str, Any] | Sequence[Any] | None", args.props.get("tags"))
        if not args.type_.startswith("aws:") or tags is None:
            return None
        return pulumi.ResourceTransformationResult(props={**args.props, "tags": tagged(tags, expires)}, opts=args.opts)

    pulumi.runtime.register_stack_transformation(add)


def tagged(tags: Mapping[str, Any] | Sequence[Any], expires: str) -> Mapping[str, Any] | Sequence[Any]:
    """Return the tags with the expiry; an Auto Scaling group has a list, and says of each whether instances get it."""
    if isinstance(tags, Mapping):
        return {**tags, names.EXPIRY_TAG: expires}
    return [*tags, {"key": names.EXPIRY_TAG, "value": expires, "propagate_at_launch": False}]
