"""Errors of S3 that moto doesn't know."""

from moto.s3.exceptions import S3ClientError


class BadDigest(S3ClientError):
    """What arrived is not what was sent."""

    code = 400

    def __init__(self, algorithm: str) -> None:
        super().__init__("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
