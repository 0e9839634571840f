"""What lifecycle and replication rules have in common."""

from typing import Any

from sandbox.provider.resource import Resource
from sandbox.provider.schema import Props


def rules(resource: Resource, inputs: Props) -> list[dict[str, Any]]:
    """Return the rules as the API has them: it wants it said that a rule without a filter is for every object."""
    return [
        {**rule, "Filter": rule.get("Filter") or {"Prefix": ""}} for rule in resource.to_aws(inputs, "rules")["Rules"]
    ]
