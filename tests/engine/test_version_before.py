"""A stack that an earlier version deployed stays as it is under this one.

The sandbox holds nothing of it but its store: a preview compares the program's inputs with the state, and asks AWS only
for names, zones, the image and the release.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import REGION, Sandbox, bare_sandbox

pytestmark = pytest.mark.engine

BEFORE = Path(__file__).with_name("data") / "before"
STACK = "shop"
BUCKET = "slipway-shop-123456789012-eu-west-1"


def fill(sandbox: Sandbox) -> None:
    """Make the stack's bucket, with its tags and every object that was in it."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "slipway:stack", "Value": STACK}]})
    store = BEFORE / "store"
    for path in filter(Path.is_file, store.rglob("*")):
        s3.put_object(
            Bucket=BUCKET,
            Key=path.relative_to(store).as_posix(),
            Body=path.read_bytes(),
            ChecksumAlgorithm="SHA256",
        )


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with the store and the state of the version before."""
    with bare_sandbox(tmp_path_factory.mktemp("slipway")) as sandbox:
        settings = sandbox.checkout / f"Pulumi.{STACK}.yaml"
        settings.write_bytes((BEFORE / settings.name).read_bytes())
        state = sandbox.checkout / ".sandbox" / "exported.json"
        started = sandbox.run(sys.executable, "-m", "sandbox.bootstrap", "-m", "sandbox", "start")
        assert started.code == 0, started.said
        fill(sandbox)
        state.write_bytes(gzip.decompress((BEFORE / "state.json.gz").read_bytes()))
        (sandbox.checkout / ".sandbox" / "pulumi").mkdir()
        imported = sandbox.shell(f"pulumi stack init {STACK} && pulumi stack import --stack {STACK} --file {state}")
        assert imported.code == 0, imported.said
        yield sandbox
        sandbox.shell(f"pulumi stack rm --yes --force {STACK}")  # there is nothing to destroy


def preview(sandbox: Sandbox, **environment: str) -> dict:
    """`pulumi preview --json`."""
    command = f"AWS_REGION={REGION} pulumi preview --stack {STACK} --non-interactive"
    ran = sandbox.shell(f"{command} --json 2>/dev/null || {command} --diff", **environment)
    assert ran.said.startswith("{"), ran.said
    return json.loads(ran.said)


def test_a_preview_says_unchanged(restored: Sandbox):
    """With no release asked for, the program deploys what the ledger says serves, and nothing differs from the state."""
    said = preview(restored)
    differing = {step["urn"]: (step["op"], step.get("detailedDiff")) for step in said["steps"] if step["op"] != "same"}
    assert not differing
    assert said["changeSummary"] == {"same": 94}


def test_a_preview_of_another_release_changes_the_fleets_alone(restored: Sandbox):
    """The preview does see differences: an earlier release, known by its tag, changes launch templates and groups."""
    said = preview(restored, SLIPWAY_SHA="v1.1")
    changed = {(step["op"], step["urn"].rpartition("::")[2]) for step in said["steps"] if step["op"] != "same"}
    parts = [f"{fleet}-{part}" for fleet in ("api", "web") for part in ("group", "launch-template")]
    assert changed == {("update", part) for part in parts}
