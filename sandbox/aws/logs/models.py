"""CloudWatch Logs' backend."""

from typing import Any

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend

from sandbox.aws.logs.patterns import UnknownPattern, matcher


class SandboxLogsBackend(LogsBackend):
    """moto's logs with filter patterns for JSON, which moto lacks (https://github.com/getmoto/moto/pull/5428).

    As on AWS, naming a stream that does not exist is an error, and matches are looked for page by page, so that a page
    can be empty without being the last:
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """

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
