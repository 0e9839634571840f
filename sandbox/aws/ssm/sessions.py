"""Sessions of Session Manager, from StartSession to TerminateSession. Nobody answers at a session's stream.

So what is known of a session is who opened it, to which instance and by which document, and whether it has ended.
Source: Systems Manager API reference, and the user guide's "Additional sample IAM policies for Session Manager".
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Session:
    """A session. `owner` is the caller's aws:userid."""

    id: str
    region: str
    target: str
    document: str
    owner: str
    reason: str
    commands: str
    """What `sh -c` would run on the instance."""
    started: float = field(default_factory=time.time)
    ended: float | None = None

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags that Session Manager gives it."""
        return {"aws:ssmmessages:session-id": self.owner, "aws:ssmmessages:target-id": self.target}

    def opening(self) -> dict[str, Any]:
        """Return what opens its stream; none once it has ended."""
        if self.ended is not None:
            return {"SessionId": self.id}
        url = f"wss://ssmmessages.{self.region}.amazonaws.com/v1/data-channel/{self.id}?role=publish_subscribe"
        return {"SessionId": self.id, "TokenValue": secrets.token_urlsafe(150), "StreamUrl": url}

    def shown(self) -> dict[str, Any]:
        """Return it as DescribeSessions lists it."""
        status = "Connected" if self.ended is None else "Terminated"
        shown: dict[str, Any] = {
            "SessionId": self.id,
            "Target": self.target,
            "Status": status,
            "StartDate": self.started,
            "DocumentName": self.document,
            "Owner": self.owner,
            "Reason": self.reason,
        }
        return {**shown, "EndDate": self.ended} if self.ended is not None else shown


def session_id(owner: str) -> str:
    """Return a new id: the name of the user's or the role's session, and what nobody guesses."""
    return f"{owner.rpartition(':')[2]}-{secrets.token_hex(9)[:17]}"
