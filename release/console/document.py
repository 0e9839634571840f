"""The documents by which a stack's instances run commands, and nothing but these: the stack's own. Pure.

Whoever may use them becomes the app's user. AWS-RunShellScript, or a session by AWS's own document, would make them
root. Source: Systems Manager user guide, "Document schemas, features, and examples", "Command document plugin
reference", "Session document schema".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from release.console.request import Request

MARGIN = 60
"""Seconds that an instance has to tell what was said, after the command's own deadline."""
_PARTS = ("told", "place", "masking", "outlet", "remote")
_ON_TERMINAL = ("told", "place", "terminal")
"""The modules that run on an instance, as one program: each uses only those before it."""
_REQUEST = {
    "type": "String",
    "description": "What to run: JSON in base64.",
    "allowedPattern": "^[A-Za-z0-9+/=]+$",
}


def content() -> str:
    """Return the document as JSON. Its parameters hold nothing that means anything to a shell."""
    lines = ["exec python3 -I - '{{ request }}' <<'PYTHON'", *program(), "PYTHON"]
    document = {
        "schemaVersion": "2.2",
        "description": "Run a command as the app's user, with its environment (python -m release exec).",
        "parameters": {
            "request": _REQUEST,
            "seconds": {
                "type": "String",
                "description": "When the agent gives up.",
                "allowedPattern": "^[1-9][0-9]{0,5}$",
            },
        },
        "mainSteps": [
            {
                "action": "aws:runShellScript",
                "name": "exec",
                "inputs": {"timeoutSeconds": "{{ seconds }}", "runCommand": lines},
            }
        ],
    }
    return json.dumps(document, separators=(",", ":"))


def session_content() -> str:
    """Return the document of sessions on a terminal, as JSON.

    With `runAsElevated` the agent asks for no user of its own: Run As, if the account's preferences have it, would
    want a user of their naming on the instance. The program becomes the app's user itself. It is read from descriptor
    3, because the terminal is the command's standard input.
    """
    lines = ["exec python3 -I /dev/fd/3 '{{ request }}' 3<<'PYTHON'", *program(_ON_TERMINAL), "PYTHON", ""]
    document = {
        "schemaVersion": "1.0",
        "description": "Run a command on a terminal as the app's user, with its environment (exec -it).",
        "sessionType": "InteractiveCommands",
        "parameters": {"request": _REQUEST},
        "properties": {"linux": {"commands": "\n".join(lines), "runAsElevated": True}},
    }
    return json.dumps(document, separators=(",", ":"))


def parameters(request: Request) -> dict[str, list[str]]:
    """Return the parameters by which the document carries out a request."""
    return {"request": [request.encoded], "seconds": [str(request.seconds + MARGIN)]}


def program(parts: Sequence[str] = _PARTS) -> Sequence[str]:
    """Return the lines of the program that runs on an instance."""
    lines = ["from __future__ import annotations"]
    for part in parts:
        text = Path(__file__).with_name(f"{part}.py").read_text(encoding="utf-8")
        lines += [line for line in text.splitlines() if not line.startswith(("from __future__", "from release."))]
    return lines
