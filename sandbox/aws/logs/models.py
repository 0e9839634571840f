"""CloudWatch Logs' backend."""

from typing import Any

from moto.logs.exceptions import InvalidParameterException, LogsClientError, ResourceNotFoundException
from moto.logs.models import LogGroup

from sandbox.aws.kms import use
from sandbox.aws.logs.metric_filters import CountingLogsBackend
from sandbox.aws.logs.patterns import UnknownPattern, matcher

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
    """moto's logs, which may use the keys they are given, with filter patterns for JSON, which moto lacks (https://github.com/getmoto/moto/pull/5428).

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

    def filter_log_events(  # noqa: PLR0917 - moto's own
        self,
        log_group_name: str,
        log_stream_names: list[str],
        start_time: int,
        end_time: int,
        limit: int | None,
        next_token: str | None,
        filter_pattern: str,
        interleaved: bool,
    ) -> tuple[list[dict[str, Any]], str | None, list[dict[str, Any]]]:
        """FilterLogEvents."""
        try:
            matches = matcher(filter_pattern or "")
        except UnknownPattern as error:
            raise InvalidParameterException(
                constraint="a JSON pattern that the sandbox knows", parameter="filterPattern", value=str(error)
            ) from None
        group = self.groups.get(log_group_name)
        if group and not set(log_stream_names or ()) <= group.streams.keys():
            raise ResourceNotFoundException("The specified log stream does not exist.")
        found, token, searched = super().filter_log_events(
            log_group_name,
            log_stream_names,
            start_time,
            end_time,
            limit,
            next_token,
            "" if matches else filter_pattern,
            interleaved,
        )
        return [event for event in found if matches is None or matches(event["message"])], token, searched
