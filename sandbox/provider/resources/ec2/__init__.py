"""aws.ec2: how its resources are tagged."""

from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call


def tag(call: Call, id_: str, pairs: Sequence[dict[str, Any]]) -> None:
    """Set tags."""
    call.client("ec2").create_tags(Resources=[id_], Tags=pairs)


def untag(call: Call, id_: str, keys: Sequence[str]) -> None:
    """Remove tags."""
    call.client("ec2").delete_tags(Resources=[id_], Tags=[{"Key": key} for key in keys])
