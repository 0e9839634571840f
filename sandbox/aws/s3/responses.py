"""S3 requests: checksums that were sent are verified and returned, and conditional writes exclude each other.

moto looks at a checksum only if the SDK named the algorithm as well (https://github.com/getmoto/moto/issues/5719);
S3 verifies what was sent: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import threading
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.s3.responses import S3Response
from moto.s3.utils import compute_checksum

from sandbox.aws.s3.exceptions import BadDigest

ALGORITHMS = ("SHA256", "SHA1", "CRC32")

# moto checks whether the key exists and only then writes it; of two conditional writes S3 lets one succeed:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_conditional = threading.Lock()


class SandboxS3Response(S3Response):
    """moto's S3 with verified checksums and conditional writes that exclude each other."""

    def put_object(self) -> TYPE_RESPONSE:
        """PutObject."""
        with _conditional:
            return super().put_object()

    def _key_response_post(self, *args: Any, **kwargs: Any) -> TYPE_RESPONSE:  # noqa: ANN401 - moto's own
        """CompleteMultipartUpload, among others."""
        with _conditional:
            return super()._key_response_post(*args, **kwargs)

    def _get_checksum(self, response_headers: dict[str, Any]) -> tuple[str, str | None]:
        for algorithm in ALGORITHMS:
            header = f"x-amz-checksum-{algorithm.lower()}"
            sent = self.headers.get(header)
            if sent:
                if sent != compute_checksum(self.body or b"", algorithm=algorithm).decode():
                    raise BadDigest(algorithm)
                response_headers[header] = sent
                return algorithm, sent
        return super()._get_checksum(response_headers)
