"""Has Checkov check what a stack declares. Source: its CLI command reference, and the JSON that `-o json` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from policy.hcl import Converted
from sandbox.audit import tools
from sandbox.audit.finding import Finding
from sandbox.errors import SandboxError


@dataclass(frozen=True, kw_only=True)
class Checked:
    """How many checks a stack's resources passed, and what failed."""

    resources: int
    passed: int
    findings: tuple[Finding, ...]


def check(stack: str, converted: Converted, folder: Path) -> Checked:
    """Check a stack. Raises SandboxError if Checkov can't, or has not read all of it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(converted.text, encoding="utf-8")
    arguments = [
        "-f",
        str(folder.resolve() / "main.tf"),
        "--framework",
        "terraform",
        "--compact",
        "-o",
        "json",
        "--skip-download",
    ]
    return parse(stack, converted.urns, tools.run("checkov", *arguments, failed=(1,)))


def parse(stack: str, urns: Mapping[str, str], said: str) -> Checked:
    """Return what a report says. Raises SandboxError if it is not about all of the resources."""
    try:
        report = cast("dict[str, Any]", json.loads(said))
        summary, results = report["summary"], report["results"]
        failed: list[dict[str, Any]] = results["failed_checks"]
        count, errors = int(summary["resource_count"]), int(summary["parsing_errors"])
        findings = {
            Finding(
                stack=stack,
                id=str(each["check_id"]),
                resource=urns[str(each["resource"])].rpartition("::")[2],
                title=str(each["check_name"]),
            )
            for each in failed
        }
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxError(f"Checkov's report of {stack} is not as expected ({error!r}): {said[:200]}") from None
    if errors or count != len(urns):
        raise SandboxError(
            f"Checkov read {count} of the {len(urns)} resources of {stack}, and could not parse {errors} files: "
            "policy/hcl.py writes something that it does not understand"
        )
    return Checked(resources=count, passed=int(summary["passed"]), findings=tuple(sorted(findings)))
