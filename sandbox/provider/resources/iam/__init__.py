"""aws.iam: what its replies have in common."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.provider.schema import Props


def identity(reply: Mapping[str, Any], id_name: str) -> Props:
    """Return the outputs that a role and an instance profile share."""
    return {"arn": reply["Arn"], "createDate": reply["CreateDate"].isoformat(), "uniqueId": reply[id_name]}


def document(policy: str | dict[str, Any]) -> str:
    """Return a policy as JSON text: boto3 hands out some of them parsed."""
    return policy if isinstance(policy, str) else json.dumps(policy)
