"""The calls of the CloudWatch agent: PutLogEvents and CreateLogStream, as the role of its instance.

Signed with botocore but without its clients: an agent runs on each machine, and a client takes half a second to make.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.machines.log_agent_config import Followed
from sandbox.machines.log_agent_tail import Event

PATIENCE = 10.0
"""Seconds that a call may take."""
_RENEWED = timedelta(minutes=10)
_TARGET = "Logs_20140328."


class CallError(Exception):
    """A call that was refused, by its code, or had no answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Logs:
    """CloudWatch Logs in one region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._endpoint = os.environ.get("AWS_ENDPOINT_URL", f"https://logs.{region}.amazonaws.com")
        self._metadata = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254")
        self._credentials: Credentials | None = None
        self._until = datetime.min.replace(tzinfo=timezone.utc)

    def put(self, followed: Followed, events: Sequence[Event]) -> None:
        """Send events, and make the stream if it is not there. Raises CallError."""
        named = {"logGroupName": followed.group, "logStreamName": followed.stream}
        sent = {**named, "logEvents": [{"timestamp": event.at, "message": event.message} for event in events]}
        try:
            self._call("PutLogEvents", sent)
        except CallError as error:
            if error.code != "ResourceNotFoundException":
                raise
            self._call("CreateLogStream", named)
            self._call("PutLogEvents", sent)

    def _call(self, operation: str, body: Mapping[str, object]) -> None:
        url, sent = f"{self._endpoint}/", json.dumps(body).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{_TARGET}{operation}"}
        request = AWSRequest("POST", url, headers=headers, data=sent)
        SigV4Auth(self._signing(), "logs", self._region).add_auth(request)
        status, answer = _asked("POST", url, dict(request.headers.items()), sent)
        if status >= 300:
            try:
                said = json.loads(answer)
            except ValueError:
                said = {}
            raise CallError(str(said.get("__type", status)).rpartition("#")[2], str(said.get("message", "")))

    def _signing(self) -> Credentials:
        now = datetime.now(timezone.utc)
        if self._credentials is None or self._until < now:
            put = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
            token = self._told("PUT", "api/token", put)
            base = "meta-data/iam/security-credentials/"
            role = self._told("GET", base, {"X-aws-ec2-metadata-token": token}).split()[0]
            given = json.loads(self._told("GET", base + role, {"X-aws-ec2-metadata-token": token}))
            self._credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
            self._until = datetime.fromisoformat(given["Expiration"].replace("Z", "+00:00")) - _RENEWED
        return self._credentials

    def _told(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        status, answer = _asked(method, f"{self._metadata}/latest/{path}", headers, b"")
        if status != 200:
            raise CallError("Metadata", f"{path} answered {status}")
        return answer.decode()


def _asked(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=PATIENCE)
    try:
        connection.request(method, parts.path or "/", body=body or None, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise CallError("Unreachable", str(error)) from None
    finally:
        connection.close()
