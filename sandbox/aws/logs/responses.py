"""CloudWatch Logs' requests."""

import json
from typing import cast

from moto.logs.responses import LogsResponse

from sandbox.aws.logs.models import SandboxLogsBackend


class SandboxLogsResponse(LogsResponse):
    """moto's, with the keys of log groups."""

    def associate_kms_key(self) -> str:
        """AssociateKmsKey."""
        self._backend.associate_kms_key(self._get_param("logGroupName"), self._get_param("kmsKeyId"))
        return ""

    def disassociate_kms_key(self) -> str:
        """DisassociateKmsKey."""
        self._backend.disassociate_kms_key(self._get_param("logGroupName"))
        return ""

    def filter_log_events(self) -> str:
        """FilterLogEvents."""
        page = self._backend.filtered(json.loads(self.body))
        return json.dumps({"events": page.events, "searchedLogStreams": [], "nextToken": page.token})

    @property
    def _backend(self) -> SandboxLogsBackend:
        return cast("SandboxLogsBackend", self.logs_backend)
