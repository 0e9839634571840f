"""Has zizmor check the workflows. Source: its documentation, "Usage" and "Output formats"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from sandbox.audit import tools
from sandbox.audit.finding import Finding
from sandbox.errors import SandboxError

_FOUND = (11, 12, 13, 14)
"""Its exit codes where something was found, by severity."""


def check(folder: Path) -> tuple[Finding, ...]:
    """Check the workflows in a folder, without the network. Raises SandboxError if zizmor can't."""
    if not any(folder.glob("*.y*ml")):
        return ()
    return parse(tools.run("zizmor", "--offline", "--no-progress", "--format", "json-v1", str(folder), failed=_FOUND))


def parse(said: str) -> tuple[Finding, ...]:
    """Return what a report says."""
    try:
        report = cast("list[dict[str, Any]]", json.loads(said))
        found = {
            Finding(stack="workflows", id=f"zizmor/{each['ident']}", resource=_file(each), title=str(each["desc"]))
            for each in report
            if not each.get("ignored")
        }
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise SandboxError(f"zizmor's report is not as expected ({error!r}): {said[:200]}") from None
    return tuple(sorted(found))


def _file(found: dict[str, Any]) -> str:
    path = str(found["locations"][0]["symbolic"]["key"]["Local"]["verbatim_path"])
    return Path(path).name
