"""What the machines process needs to know of Systems Manager's commands, and what it says of them."""

from __future__ import annotations

import time
from typing import Any

from werkzeug.exceptions import BadRequest, NotFound

from sandbox.aws.ssm.models import all_ssm
from sandbox.aws.state import clock

Json = dict[str, Any]


def commands() -> Json:
    """Return `{"commands": [...]}` as described in docs/architecture.md."""
    return {
        "commands": [
            {
                "id": one.command,
                "instance": one.instance,
                "script": one.script.text,
                "seconds": one.script.seconds,
                "cancel": one.details == "Cancelling",
            }
            for ssm in all_ssm()
            for one in ssm.unfinished()
        ]
    }


def report(command: str, instance: str, said: Json) -> None:
    """Take what an agent says: that it has begun, or how it ended."""
    key = (command, instance)
    found = next((each.invocations[key] for each in all_ssm() if key in each.invocations), None)
    if found is None:
        raise NotFound(f"there is no command {command} on {instance}")
    if said.get("state") == "begun":
        found.begin(clock(), time.time())
    elif said.get("state") == "ended":
        details, code = str(said["details"]), int(said["code"])
        found.end(details, code, str(said["stdout"]), str(said["stderr"]), time.time())
    else:
        raise BadRequest('give {"state": "begun"} or {"state": "ended", "details", "code", "stdout", "stderr"}')
