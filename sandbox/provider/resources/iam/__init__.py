"""aws.iam: what its replies have in common."""

from sandbox.provider.kit import Props


def identity(reply: Props, id_name: str) -> Props:
    """Return the outputs that a role and an instance profile share."""
    return {"arn": reply["Arn"], "createDate": reply["CreateDate"].isoformat(), "uniqueId": reply[id_name]}
