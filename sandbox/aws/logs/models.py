"""CloudWatch Logs' backend."""

from typing import Any

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend

from sandbox.aws.logs.patterns import UnknownPattern, matcher


class SandboxLogsBackend(LogsBackend):
    """moto's logs, whose filter patterns may be for JSON, and whose streams have to be there to be filtered.

    As AWS does, it looks for matches page by page: of what lies between them pages may be empty, and not the last.
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
