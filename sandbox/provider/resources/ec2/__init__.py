"""aws.ec2: how its resources are tagged."""

from sandbox.provider.kit import Call, Names, Pairs


def tag(call: Call, id_: str, pairs: Pairs) -> None:
    """Set tags."""
    call.client("ec2").create_tags(Resources=[id_], Tags=pairs)


def untag(call: Call, id_: str, keys: Names) -> None:
    """Remove tags."""
    call.client("ec2").delete_tags(Resources=[id_], Tags=[{"Key": key} for key in keys])
