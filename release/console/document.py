"""The document by which a stack's instances run commands, and nothing but these: the stack's own. Pure.

Whoever may send it becomes the app's user. AWS-RunShellScript would make them root.
Source: Systems Manager user guide, "Document schemas, features, and examples", "Command document plugin reference".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from release.console.request import Request

MARGIN = 60
"""Seconds that an instance has to tell what was said, after the command's own deadline."""
_PARTS = ("told", "masking", "outlet", "remote")
"""The modules that run on an instance, as one program: each uses only those before it."""


def content() -> str:
    """Return the document as JSON. Its parameters hold nothing that means anything to a shell."""
    lines = ["exec python3 -I - '{{ request }}' <<'PYTHON'", *program(), "PYTHON"]
    document = {
        "schemaVersion": "2.2",
        "description": "Run a command as the app's user, with its environment (python -m release exec).",
        "parameters": {
            "request": {
                "type": "String",
                "description": "What to run: JSON in base64.",
                "allowedPattern": "^[A-Za-z0-9+/=]+$",
            },
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


def parameters(request: Request) -> dict[str, list[str]]:
    """Return the parameters by which the document carries out a request."""
    return {"request": [request.encoded], "seconds": [str(request.seconds + MARGIN)]}


def program() -> Sequence[str]:
    """Return the lines of the program that runs on an instance."""
    lines = ["from __future__ import annotations"]
    for part in _PARTS:
        text = Path(__file__).with_name(f"{part}.py").read_text(encoding="utf-8")
        lines += [line for line in text.splitlines() if not line.startswith(("from __future__", "from release."))]
    return lines
