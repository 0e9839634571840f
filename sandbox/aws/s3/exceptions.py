"""Errors of S3 that moto doesn't know."""

from moto.s3.exceptions import S3ClientError


class BadDigest(S3ClientError):
    """What arrived is not what was sent."""

    code = 400

    def __init__(self, algorithm: str) -> None:
        super().__init__("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")


class InvalidRequest(S3ClientError):
    """A request that makes no sense, with S3's reason."""

    code = 400

    def __init__(self, reason: str) -> None:
        super().__init__("InvalidRequest", reason)


class InvalidBucketState(S3ClientError):
    """A replicated bucket whose versions somebody wants to suspend."""

    code = 409

    def __init__(self) -> None:
        super().__init__(
            "InvalidBucketState",
            "A replication configuration is present on this bucket, so you cannot change the versioning state. "
            "To change the versioning state, first delete the replication configuration.",
        )
