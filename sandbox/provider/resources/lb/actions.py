"""The actions of listeners and rules: forward, redirect and fixed response."""

from typing import Any

from sandbox.provider.schema import Field, Props
from sandbox.provider.translate import from_aws, stripped, to_aws

UNSERVED = "*ctions.authenticate* *ctions.jwtValidation"
COMPUTED = "*.fixedResponse.statusCode *ctions.order"
DEFAULTS = {
    "*.targetGroups.weight": 1,
    "*.forward.stickiness.enabled": False,
    "*.redirect.host": "#{host}",
    "*.redirect.path": "/#{path}",
    "*.redirect.port": "#{port}",
    "*.redirect.protocol": "#{protocol}",
    "*.redirect.query": "#{query}",
}
NAMES = {
    "*.fixedResponse": "FixedResponseConfig",
    "*.forward": "ForwardConfig",
    "*.targetGroups.arn": "TargetGroupArn",
    "*.forward.stickiness": "TargetGroupStickinessConfig",
    "*.stickiness.duration": "DurationSeconds",
    "*.redirect": "RedirectConfig",
}


def actions(field: Field, wanted: list[Props]) -> list[dict[str, Any]]:
    """Return actions as the API has them: it numbers them; where the program does not, they go in its order."""
    made = [to_aws(field.inner, action) for action in wanted]
    return [{"Order": i, **action} for i, action in enumerate(made, start=1)] if len(made) > 1 else made


def read_actions(field: Field, replies: list[dict[str, Any]], prior: list[Props] | None) -> list[Props]:
    """Return actions as the program has them: the API tells a plain forward twice, as a group and as a list of one."""
    read: list[Props] = []
    for i, reply in enumerate(sorted(replies, key=lambda a: a.get("Order") or 0)):
        action = stripped(from_aws(field.inner, reply))
        groups: list[Props] = action.get("forward", {}).get("targetGroups", [])
        if prior and i < len(prior) and prior[i].get("forward"):
            action.pop("targetGroupArn", None)
        elif len(groups) == 1:
            action["targetGroupArn"] = groups[0]["arn"]
            action.pop("forward")
        read.append(action)
    return read
