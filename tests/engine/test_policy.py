"""The policy pack with the real engine: what obeys, what doesn't, and that a state says the same as a preview."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from release.engine import Engine
from sandbox import engine
from sandbox.audit import declared
from sandbox.control import environment, policy_pack
from sandbox.control.environment import Deploy
from sandbox.control.session import State
from sandbox.paths import cache_root
from sandbox.processes import MARKER
from tests.policy.record import FILE, reduced

pytestmark = [
    pytest.mark.engine,
    # The supervisor outlives the object that started it, as the fixture wants it to.
    pytest.mark.filterwarnings("ignore:.*Popen.__del__:pytest.PytestUnraisableExceptionWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
STRICT = ROOT / "policy" / "strict.json"
PROGRAM = """
import pulumi_aws as aws

aws.ec2.LaunchTemplate(
    "web",
    name="faulty",
    image_id="ami-0123456789abcdef0",
    instance_type="t3.small",
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"encrypted": "true"}}],
)
bucket = aws.s3.Bucket("store", bucket="faulty-store", force_destroy=True)
aws.s3.BucketVersioning("versions", bucket=bucket.id, versioning_configuration={"status": "Suspended"})
"""
FAULTS = {("instance-metadata-token", "web"), ("bucket-versioned", "store"), ("bucket-public-access", "store")}
"""The mandatory rules that it breaks: one by itself, the others by what its neighbours are, or that there are none."""


@dataclass(frozen=True)
class Ready:
    """An emulator with the pack, and the engine."""

    directory: Path
    state: State
    tools: Path


@pytest.fixture(scope="module")
def ready() -> Iterator[Ready]:
    """AWS and the provider, and the pack as `make up` prepares it."""
    tools = engine.ensure()
    with declared.emulator() as (directory, state):
        home = directory / "pulumi-home"
        home.mkdir()
        (home / "plugins").symlink_to(cache_root() / "plugins")
        policy_pack.install(directory, cache_root() / "plugins")
        yield Ready(directory, state, tools.folder)


@pytest.fixture(scope="module")
def faulty(ready: Ready, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A stack of a program that breaks rules."""
    folder = tmp_path_factory.mktemp("faulty")
    runtime = f"{{name: python, options: {{virtualenv: {ROOT / '.venv'}}}}}"
    (folder / "Pulumi.yaml").write_text(f"name: faulty\nruntime: {runtime}\n")
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n  aws:region: {REGION}\n")
    (folder / "__main__.py").write_text(PROGRAM)
    asked = Deploy(stack="dev", provider="sandbox", region=REGION, sha="", repository="", directory="")
    variables = environment.of_tools(ready.directory, ready.state, asked, ready.tools)
    environment.backend(ready.directory, REGION).mkdir(exist_ok=True)
    made = Engine(
        project=folder,
        stack="dev",
        config=folder / "Pulumi.dev.yaml",
        environment={**environment.merged(os.environ, variables), MARKER: str(ready.directory)},
    )
    made.must("stack", "init", "dev")
    return made


def told(text: str) -> set[tuple[str, str]]:
    """The mandatory rules that the engine says are broken, with the logical names of the resources."""
    return set(re.findall(r"\[mandatory\]\s+(\S+)\s+\(\S+: (\S+)\)", text))


def asked(option: str, document: Any) -> set[tuple[str, str]]:
    """The same from `python -m policy`, without the engine."""
    ran = subprocess.run(
        [sys.executable, "-m", "policy", option, "-", "--json"],
        cwd=ROOT,
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    return {(each["rule"], each["resource"]) for each in json.loads(ran.stdout) if each["level"] == "mandatory"}


def aws(ready: Ready, service: str) -> Any:
    keys = ready.state.keys
    return boto3.client(
        service,
        endpoint_url=ready.state.endpoint,
        region_name=REGION,
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
    )


@pytest.mark.parametrize("stack", ["prod", pytest.param("dr", marks=pytest.mark.reliability)])
def test_what_this_repository_declares_obeys(stack: str, ready: Ready, monkeypatch: pytest.MonkeyPatch):
    """All rules are mandatory here, and the preview passes; what the tests of the rules have of prod is current."""
    monkeypatch.setattr(policy_pack, "LEVELS", STRICT)
    preview = declared.preview(stack, ready.directory, ready.state, ready.tools)
    if stack == "prod":
        recorded = json.loads(FILE.read_text(encoding="utf-8"))
        assert shape(reduced(preview)) == shape(recorded), "run `python -m tests.policy.record`"


def shape(document: dict[str, Any]) -> dict[str, list[str]]:
    """Each resource, with the names of its inputs."""
    return {step["newState"]["urn"]: sorted(step["newState"].get("inputs", {})) for step in document["steps"]}


def test_a_preview_says_what_is_broken_and_fails(faulty: Engine):
    """With rule, resource, controls and what to do; `python -m policy` says the same of the preview's document."""
    lines: list[str] = []
    ran = faulty.follow("preview", deadline=120, show=lines.append)
    said = "\n".join(lines)
    assert ran.code
    assert told(said) == FAULTS
    assert "Fix: set metadataOptions.httpTokens to required (CKV_AWS_79, EC2.170)" in said
    quiet = replace(faulty, environment={k: v for k, v in faulty.environment.items() if "POLICY_PACK" not in k})
    assert asked("--preview", quiet.json("preview")) == FAULTS


def test_an_update_stops_before_it_makes_what_breaks_a_rule(faulty: Engine, ready: Ready):
    """Also without a preview: nothing of the launch template is in AWS."""
    lines: list[str] = []
    ran = faulty.follow("up", "--yes", "--skip-preview", deadline=120, show=lines.append)
    assert ran.code
    assert ("instance-metadata-token", "web") in told("\n".join(lines))
    assert not aws(ready, "ec2").describe_launch_templates()["LaunchTemplates"]


def test_what_is_deployed_without_the_pack_is_found_in_the_state(faulty: Engine):
    """The rules say of the state what they said of the preview."""
    quiet = replace(faulty, environment={k: v for k, v in faulty.environment.items() if "POLICY_PACK" not in k})
    quiet.must("up", "--yes", "--skip-preview", deadline=120)
    ran, state = quiet.answer("stack", "export", deadline=60)
    assert not ran.code
    assert asked("--export", json.loads(state)) == FAULTS
