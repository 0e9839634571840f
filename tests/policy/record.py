"""Records what `prod` declares, for the tests of the rules: `python -m tests.policy.record`."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from sandbox import engine
from sandbox.audit import declared

FILE = Path(__file__).parent / "data" / "prod.json"
_KEPT = ("urn", "type", "inputs", "parent", "propertyDependencies")


def reduced(preview: dict[str, Any]) -> dict[str, Any]:
    """Return what rules read of a preview, with the boot script left out of user data."""
    return {"steps": [{"op": step["op"], "newState": _state(step["newState"])} for step in preview["steps"]]}


def _state(state: dict[str, Any]) -> dict[str, Any]:
    kept = {key: state[key] for key in _KEPT if state.get(key)}
    if "userData" in kept.get("inputs", {}):
        script = base64.b64decode(kept["inputs"]["userData"]).decode()
        told = script.partition("# What follows is release/boot.sh")[0]
        kept["inputs"] = {**kept["inputs"], "userData": base64.b64encode(told.encode()).decode()}
    if "propertyDependencies" in kept:
        kept["propertyDependencies"] = {name: urns for name, urns in kept["propertyDependencies"].items() if urns}
    return kept


def main() -> None:
    """Plan `prod` with the real engine, and write what it declares."""
    tools = engine.ensure()
    with declared.emulator() as (directory, state):
        preview = declared.preview("prod", directory, state, tools.folder)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(reduced(preview), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
