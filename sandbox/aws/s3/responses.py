"""S3 requests: checksums that were sent are verified and returned, and conditional writes exclude each other.

moto looks at a checksum only if the SDK named the algorithm as well (https://github.com/getmoto/moto/issues/5719);
S3 verifies what was sent: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.s3.exceptions import ReplicationConfigurationNotFoundError
from moto.s3.responses import S3Response
from moto.s3.utils import compute_checksum

from sandbox.aws.s3 import replication_rules, writing
from sandbox.aws.s3.exceptions import BadDigest

if TYPE_CHECKING:
    from sandbox.aws.s3.models import SandboxS3Backend

ALGORITHMS = ("SHA256", "SHA1", "CRC32")


class SandboxS3Response(S3Response):
    """moto's S3 with verified checksums and conditional writes that exclude each other."""

    def key_response(self, *args: Any, **kwargs: Any) -> TYPE_RESPONSE:  # noqa: ANN401 - moto's own
        """Answer a request about an object; what it puts is replicated once it is complete, with metadata and tags."""
        return self._releasing(super().key_response, *args, **kwargs)

    def bucket_response(self, *args: Any, **kwargs: Any) -> TYPE_RESPONSE:  # noqa: ANN401 - moto's own
        """Answer a request about a bucket; a form that is posted to it puts an object."""
        return self._releasing(super().bucket_response, *args, **kwargs)

    def _releasing(self, answer: Callable[..., TYPE_RESPONSE], *args: Any, **kwargs: Any) -> TYPE_RESPONSE:  # noqa: ANN401
        try:
            return answer(*args, **kwargs)
        finally:
            cast("SandboxS3Backend", self.backend).release_puts()

    def put_object(self) -> TYPE_RESPONSE:
        """PutObject."""
        with writing.lock:
            return super().put_object()

    def get_bucket_replication(self) -> str | TYPE_RESPONSE:
        """GetBucketReplication: what was put; moto leaves out filters and delete markers."""
        self.data["Action"] = "GetBucketReplication"
        found = self.backend.get_bucket_replication(self.bucket_name)
        if not found:
            raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
        return self.serialized(ActionResult({"ReplicationConfiguration": found}))

    def _replication_config_from_xml(self, xml: str) -> dict[str, Any]:
        return replication_rules.configuration(super()._replication_config_from_xml(xml))

    def _key_response_post(self, *args: Any, **kwargs: Any) -> TYPE_RESPONSE:  # noqa: ANN401 - moto's own
        """CompleteMultipartUpload, among others."""
        with writing.lock:
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
