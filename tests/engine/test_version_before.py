"""A stack that an earlier version deployed stays as it is under this one.

The sandbox holds nothing of it but its store: a preview compares the program's inputs with the state, and asks AWS only
for names, zones, the image and the release.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.before import FILES, REGION, STACK, fill
from tests.engine.conftest import Sandbox, bare_sandbox

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with the store and the state of the version before."""
    with bare_sandbox(tmp_path_factory.mktemp("slipway")) as sandbox:
        settings = sandbox.checkout / f"Pulumi.{STACK}.yaml"
        settings.write_bytes((FILES / settings.name).read_bytes())
        state = sandbox.checkout / ".sandbox" / "exported.json"
        started = sandbox.run(sys.executable, "-m", "sandbox.bootstrap", "-m", "sandbox", "start")
        assert started.code == 0, started.said
        fill(sandbox.client("s3"))
        state.write_bytes(gzip.decompress((FILES / "state.json.gz").read_bytes()))
        (sandbox.checkout / ".sandbox" / "pulumi").mkdir()
        imported = sandbox.shell(f"pulumi stack init {STACK} && pulumi stack import --stack {STACK} --file {state}")
        assert imported.code == 0, imported.said
        yield sandbox
        sandbox.shell(f"pulumi stack rm --yes --force {STACK}")  # there is nothing to destroy


def preview(sandbox: Sandbox, **environment: str) -> dict[str, Any]:
    """`pulumi preview --json`."""
    command = f"AWS_REGION={REGION} pulumi preview --stack {STACK} --non-interactive"
    ran = sandbox.shell(f"{command} --json 2>/dev/null || {command} --diff", **environment)
    assert ran.said.startswith("{"), ran.said
    return json.loads(ran.said)


def test_a_preview_says_unchanged(restored: Sandbox):
    """With no release asked for, the program takes what the ledger says serves; nothing differs from the state."""
    said = preview(restored)
    differing = {step["urn"]: (step["op"], step.get("detailedDiff")) for step in said["steps"] if step["op"] != "same"}
    assert not differing
    assert said["changeSummary"] == {"same": 94}


def test_a_preview_of_another_release_changes_the_fleets_alone(restored: Sandbox):
    """The preview does see differences: an earlier release, known by its tag, changes launch templates and groups.

    `release preview` tells them, though AWS has none of the fleets.
    """
    command = f"{sys.executable} -m release preview --stack {STACK} --json --no-drift 2>/dev/null"
    ran = restored.shell(f"AWS_REGION={REGION} SLIPWAY_SHA=v1.1 {command}")
    assert ran.code == 0, ran.said
    said = json.loads(ran.said)
    changed = {(step["op"], step["name"]) for step in said["steps"]}
    assert said["sentence"].startswith("All 2 fleets change: ")
    assert {(fleet["fleet"], fleet["becomes"]) for fleet in said["fleets"]} == {
        ("api", "replaced"),
        ("web", "replaced"),
    }
    parts = [f"{fleet}-{part}" for fleet in ("api", "web") for part in ("group", "launch-template")]
    assert changed == {("update", part) for part in parts}
