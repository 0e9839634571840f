"""CloudFormation's schemas, as cfn-lint carries them: one file a type, read when the type is first used."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path


@cache
def create_only(type_: str) -> frozenset[str]:
    """Return the properties of a CloudFormation type that force a new resource, by AWS's name; none for no type."""
    if not type_:
        return frozenset()
    schema = json.loads((_folder() / "resources" / f"{_file_names()[type_]}.json").read_text())
    return frozenset(path.split("/")[2] for path in schema.get("createOnlyProperties", []) if path.count("/") == 2)


@cache
def _file_names() -> dict[str, str]:
    return json.loads((_folder() / "providers" / "us-east-1.json").read_text())


def _folder() -> Path:
    """Return where the schemas are; cfn-lint itself is not imported, as that takes a second."""
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("cfn-lint is not installed; it is one of requirements-dev.txt")
    return Path(spec.origin).parent / "data" / "schemas"
