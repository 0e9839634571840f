"""CloudWatch Logs' backend."""

import threading
from collections.abc import Mapping
from typing import Any

from moto.logs.exceptions import InvalidParameterException, LogsClientError, ResourceNotFoundException
from moto.logs.models import LogGroup

from sandbox.aws.kms import use
from sandbox.aws.logs import limits, pages
from sandbox.aws.logs.metric_filters import CountingLogsBackend
from sandbox.aws.logs.pages import BadTokenError, Page
from sandbox.aws.logs.patterns import UnknownPattern, matcher

_ONE_AT_A_TIME = threading.Lock()
"""moto numbers events by counting up: two requests at once would give two events one number."""
_WITH_KEY = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey")
"""What CloudWatch Logs does with a key ("Encrypt log data", step 2, in its user guide)."""


class KeyRefusedError(LogsClientError):
    """A key that CloudWatch Logs can't use."""

    def __init__(self, group: str) -> None:
        super().__init__(
            "InvalidParameterException",
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{group}'",
        )


class SandboxLogsBackend(CountingLogsBackend):
    """moto's logs, which may use the keys they are given, with filter patterns for JSON, which moto lacks
    (https://github.com/getmoto/moto/pull/5428), prefixes of streams, and the limits of a batch.

    As on AWS, naming a stream that does not exist is an error, and matches are looked for page by page, so that a page
    can be empty without being the last:
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """

    def create_log_group(self, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> LogGroup:  # noqa: ANN401
        """CreateLogGroup."""
        self._check_key(log_group_name, kwargs.get("kmsKeyId"))
        return super().create_log_group(log_group_name, tags, **kwargs)

    def associate_kms_key(self, log_group_name: str, kms_key_id: str) -> None:
        """AssociateKmsKey, which moto lacks."""
        group = self._group(log_group_name)
        self._check_key(log_group_name, kms_key_id)
        group.kms_key_id = kms_key_id

    def disassociate_kms_key(self, log_group_name: str) -> None:
        """DisassociateKmsKey."""
        self._group(log_group_name).kms_key_id = None

    def _group(self, name: str) -> LogGroup:
        if name not in self.groups:
            raise ResourceNotFoundException("The specified log group does not exist.")
        return self.groups[name]

    def _check_key(self, group: str, arn: str | None) -> None:
        """Refuse a key that isn't there, is disabled, or whose policy does not let the logs use it."""
        if arn is None:
            return
        about = f"arn:aws:logs:{self.region_name}:{self.account_id}:log-group:{group}"
        key, context = use.find(arn, self.region_name), {"kms:EncryptionContext:aws:logs:arn": about}
        if key is None or not use.by_service(key, f"logs.{self.region_name}.amazonaws.com", _WITH_KEY, context):
            raise KeyRefusedError(about)

    def put_log_events(
        self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        """PutLogEvents, within the limits of a batch."""
        if problem := limits.problem(log_events):
            raise LogsClientError("InvalidParameterException", problem)
        with _ONE_AT_A_TIME:
            return super().put_log_events(log_group_name, log_stream_name, log_events)

    def filtered(self, asked: Mapping[str, Any]) -> Page:
        """FilterLogEvents; what moto's has no parameter for is in `asked`."""
        pattern = asked.get("filterPattern") or ""
        try:
            matches = matcher(pattern)
        except UnknownPattern as error:
            raise InvalidParameterException(
                constraint="a pattern that the sandbox knows", parameter="filterPattern", value=str(error)
            ) from None
        names, prefix = asked.get("logStreamNames") or [], asked.get("logStreamNamePrefix") or ""
        if names and prefix:
            both = "logStreamNames and logStreamNamePrefix can't both be given"
            raise LogsClientError("InvalidParameterException", both)
        group = self._group(str(asked["logGroupName"]))
        if not set(names) <= group.streams.keys():
            raise ResourceNotFoundException("The specified log stream does not exist.")
        streams = {name: group.streams[name].events for name in names or group.streams if name.startswith(prefix)}
        limit = int(asked.get("limit") or pages.MOST)
        if not 1 <= limit <= pages.MOST:
            raise LogsClientError("InvalidParameterException", f"limit must be from 1 to {pages.MOST}")
        try:
            return pages.page(
                streams.items(),
                start=asked.get("startTime"),
                end=asked.get("endTime"),
                limit=limit,
                token=asked.get("nextToken"),
                matches=matches,
            )
        except BadTokenError:
            raise LogsClientError("InvalidParameterException", "The specified nextToken is invalid.") from None
