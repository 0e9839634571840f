"""aws.iam.get_policy_document: a policy's JSON from its parts; it asks AWS nothing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.schema import Props, Value

_VERSION = "2012-10-17"


def policy_document(call: Call, args: Props) -> Props:
    """aws.iam.get_policy_document. Sources come first; a statement replaces an earlier one of the same Sid."""
    statements: list[dict[str, Any]] = []
    for document in [args.get("sourceJson"), *args.get("sourcePolicyDocuments", [])]:
        statements += _statements(document)
    statements = _replacing(statements, [_statement(s) for s in args.get("statements", [])])
    for document in [*args.get("overridePolicyDocuments", []), args.get("overrideJson")]:
        statements = _replacing(statements, _statements(document))
    document = {"Version": args.get("version", _VERSION), "Statement": statements}
    if args.get("policyId"):
        document = {"Version": document["Version"], "Id": args["policyId"], "Statement": statements}
    compact = json.dumps(document, separators=(",", ":"))
    pretty = json.dumps(document, indent=2)
    return {**args, "id": hashlib.sha256(compact.encode()).hexdigest()[:10], "json": pretty, "minifiedJson": compact}


def _statements(document: str | None) -> list[dict[str, Any]]:
    if not document:
        return []
    found = json.loads(document).get("Statement", [])
    return found if isinstance(found, list) else [found]


def _replacing(earlier: list[dict[str, Any]], later: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_sid = {s["Sid"]: s for s in later if s.get("Sid")}
    kept = [by_sid.pop(s["Sid"], s) if s.get("Sid") else s for s in earlier]
    return kept + [s for s in later if not s.get("Sid") or s["Sid"] in by_sid]


def _statement(statement: Props) -> dict[str, Any]:
    made: dict[str, Any] = {"Sid": statement["sid"]} if statement.get("sid") else {}
    made["Effect"] = statement.get("effect", "Allow")
    for name in ("actions", "notActions", "resources", "notResources"):
        if statement.get(name):
            made[name[0].upper() + name[1:-1]] = _one_or_more(statement[name])
    for name in ("principals", "notPrincipals"):
        if statement.get(name):
            made[name[0].upper() + name[1:-1]] = _principals(statement[name])
    if statement.get("conditions"):
        made["Condition"] = _conditions(statement["conditions"])
    return made


def _one_or_more(values: list[str]) -> Value:
    return values[0] if len(values) == 1 else values


def _principals(principals: list[Props]) -> Value:
    if any(p["type"] == "*" for p in principals):
        return "*"
    merged: dict[str, list[str]] = {}
    for principal in principals:
        merged.setdefault(principal["type"], []).extend(principal["identifiers"])
    return {type_: _one_or_more(identifiers) for type_, identifiers in merged.items()}


def _conditions(conditions: list[Props]) -> dict[str, dict[str, Value]]:
    made: dict[str, dict[str, Value]] = {}
    for condition in conditions:
        made.setdefault(condition["test"], {})[condition["variable"]] = _one_or_more(condition["values"])
    return made
