"""`python -m policy`: asks the rules about a stack that was deployed, or is planned, without the engine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from policy import exceptions, rules, sources
from policy.resource import Json, Stack
from policy.rule import Violation, broken
from policy.sources import SourceError
from policy.verdicts import UNUSED, Verdicts


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what breaks the rules. Returns 1 if something must not, or if what was given can't be read."""
    options = _parser().parse_args(arguments)
    try:
        stack = sources.parse(_read(options.export or options.preview))
    except SourceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not stack.resources:
        print("error: there is no resource in it, so no rule was asked", file=sys.stderr)
        return 1
    found, problems = judge(stack, options.exceptions)
    bad = bool(problems) or any(options.strict or each.rule.level == "mandatory" for each in found)
    if options.json:
        print(json.dumps([_record(each) for each in found] + [_problem(each) for each in problems], indent=2))
    else:
        print("\n".join([*_lines(found, problems), _summary(stack, found, problems)]))
    return 1 if bad else 0


def judge(stack: Stack, file: Path) -> tuple[list[Violation], list[str]]:
    """Return the violations that no exception covers, and what is wrong with the exceptions."""
    verdicts = Verdicts(file, datetime.now(timezone.utc).date())
    found = [each for rule in rules.ALL for each in verdicts.of(rule, broken(stack, [rule]))]
    name = stack.resources[0].urn.split(":", 3)[2]
    return found, list(verdicts.problems(name))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m policy", description="Ask the rules of docs/policy.md.")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--export", metavar="FILE", help="what `pulumi stack export` printed; - reads it from a pipe")
    given.add_argument(
        "--preview", metavar="FILE", help="what `pulumi preview --json --show-sames` printed; - reads it from a pipe"
    )
    parser.add_argument("--strict", action="store_true", help="advisory rules must not be broken either")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--exceptions", metavar="FILE", type=Path, default=exceptions.FILE, help="default: policy/exceptions.yaml"
    )
    return parser


def _read(name: str) -> Json:
    try:
        return json.loads(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{name} can't be read: {error}") from None
    except ValueError as error:
        raise SourceError(f"{'the input' if name == '-' else name} is not JSON: {error}") from None


def _record(each: Violation) -> dict[str, object]:
    return {
        "rule": each.id,
        "level": each.rule.level,
        "controls": list(each.rule.controls),
        "urn": each.urn,
        "resource": each.resource,
        "problem": each.problem,
        "fix": each.rule.fix,
    }


def _problem(text: str) -> dict[str, object]:
    return {"rule": UNUSED, "level": "mandatory", "problem": text}


def _lines(found: Sequence[Violation], problems: Sequence[str]) -> list[str]:
    ordered = sorted(found, key=lambda each: each.rule.level != "mandatory")
    return [f"{each.rule.level}: {each.id}: {each.resource}: {each.text()}" for each in ordered] + [
        f"mandatory: {UNUSED}: {problem}" for problem in problems
    ]


def _summary(stack: Stack, found: Sequence[Violation], problems: Sequence[str]) -> str:
    mandatory = sum(each.rule.level == "mandatory" for each in found) + len(problems)
    return (
        f"{len(rules.ALL)} rules, {len(stack.resources)} resources: {mandatory} mandatory and "
        f"{len(found) + len(problems) - mandatory} advisory violations"
    )
