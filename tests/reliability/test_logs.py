"""What five instances print at once, followed from elsewhere: their boot scripts, agents, and CloudWatch Logs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from http.server import ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from release import names
from release.component.user_data import Part
from sandbox.ports import ReservedPorts
from tests.aws.emulator import KEYS, Emulator
from tests.aws.playing import running
from tests.release.component.test_boot import Metadata, booting
from tests.waiting import until

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
INSTANCES, LINES = 5, 10_000
STACK, REGION, SECRET = "prod", "eu-west-1", "s3cret-of-the-fleet"
MEMORY = 150 << 20
LATE = 10.0
"""Seconds from a line's print to its being shown."""
APP = f"""
import http.server, os, sys, threading, time

def talk():
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.1)
    began = time.monotonic()
    for number in range({LINES}):
        time.sleep(max(0, began + number * 60 / {LINES} - time.monotonic()))
        print("line", number, "ends in", number % 10, f"at {{time.time():.3f}} with", os.environ["TOKEN"], flush=True)

threading.Thread(target=talk, daemon=True).start()
where = "127.0.0.1", int(os.environ["PORT"])
http.server.ThreadingHTTPServer(where, http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@contextmanager
def metadata(instance: str) -> Generator[str]:
    """What EC2 tells that instance of itself, with credentials of its role."""
    role = {"AccessKeyId": "test", "SecretAccessKey": "test", "Token": "", "Expiration": "2099-01-01T00:00:00Z"}
    known = {
        "instance-id": instance,
        "local-ipv4": "127.0.0.1",
        "iam/security-credentials/": "role",
        "iam/security-credentials/role": json.dumps(role),
    }

    class OfInstance(Metadata):
        def do_GET(self) -> None:
            self._answer(known[self.path.removeprefix("/latest/meta-data/")])

    with ThreadingHTTPServer(("127.0.0.1", 0), OfInstance) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def instance(folder: Path, number: int, emulator: Emulator, port: int, talks: Path) -> Generator[None]:
    """An instance that has booted, and whose agent sends."""
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    shown = [{"Name": "/slipway/prod/web/TOKEN", "Value": SECRET}]
    (folder / "parameters").write_text(json.dumps({"Parameters": shown, "InvalidParameters": []}))
    agent = folder / "opt" / "amazon-cloudwatch-agent"
    with metadata(f"i-{number:017x}") as told:
        given = {"HOME": folder, "PYTHONPATH": ROOT, "AWS_ENDPOINT_URL": emulator.url}
        given["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = told
        control = f"exec env {' '.join(f'{name}={value}' for name, value in given.items())} {sys.executable}"
        with booting(
            folder,
            told,
            port,
            command=f"exec {sys.executable} {folder / 'app.py'} {talks}",
            parts=(Part(script="logs", told={"OUTPUT_GROUP": names.output_group_name(STACK, "web")}),),
            stands_in={"amazon-cloudwatch-agent-ctl": f'{control} -m sandbox.machines.log_agent "$@"\n'},
            secrets="/slipway/prod/web/TOKEN",
        ) as (_, process):
            try:
                assert process.wait(60) == 0
                until((agent / "pid").exists)
                yield
            finally:
                with suppress(OSError, ValueError):
                    os.kill(int((agent / "pid").read_text()), signal.SIGKILL)


def declare(emulator: Emulator) -> None:
    """Make what `release logs` finds the fleet by, and its log group."""
    ec2, tags = (
        emulator.client("ec2", REGION),
        {"slipway:stack": STACK, "slipway:fleet": "web", "slipway:store": "store"},
    )
    template = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-1"})
    emulator.client("autoscaling", REGION).create_auto_scaling_group(
        AutoScalingGroupName=names.group_name(STACK, "web"),
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=[f"{REGION}a"],
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in tags.items()],
    )
    emulator.client("logs", REGION).create_log_group(logGroupName=names.output_group_name(STACK, "web"))


def test_fifty_thousand_lines_a_minute_are_found_in_order_within_seconds(tmp_path: Path):
    """`logs --follow --grep` shows all that match, each instance's in its order, masked, and its memory is bounded."""
    talks, ports = tmp_path / "talk", ReservedPorts()
    with ExitStack() as opened:
        emulator = opened.enter_context(running())
        declare(emulator)
        for number in range(INSTANCES):
            port = ports.take()
            opened.callback(ports.release, port)
            opened.enter_context(instance(tmp_path / str(number), number, emulator, port, talks))
        following = subprocess.Popen(
            [sys.executable, "-m", "release", "logs", "--stack", STACK, "--follow", "--json", "--grep", "ends in 7"],
            cwd=ROOT,
            env={**os.environ, **KEYS, "AWS_ENDPOINT_URL": emulator.url, "AWS_REGION": REGION},
            stdout=subprocess.PIPE,
            text=True,
        )
        seen: list[tuple[float, dict[str, str]]] = []
        reader = threading.Thread(target=read, args=(following, seen))
        reader.start()
        talks.touch()
        try:
            until(lambda: len(seen) >= INSTANCES * LINES // 10 or following.poll() is not None, 180, 0.5)
            memory = psutil.Process(following.pid).memory_info().rss
        finally:
            following.terminate()
            reader.join(10)
            following.communicate(timeout=10)
    said: defaultdict[str, list[int]] = defaultdict(list)
    for _, line in seen:
        assert line["text"].endswith("with (secret TOKEN)")
        said[line["instance"]].append(int(line["text"].split()[1]))
    wanted = list(range(7, LINES, 10))
    for numbers in said.values():
        assert [pair for pair in zip(numbers, wanted, strict=False) if pair[0] != pair[1]][:3] == []
    assert [len(numbers) for numbers in said.values()] == [len(wanted)] * INSTANCES
    latest = max(at - float(line["text"].split()[6]) for at, line in seen)
    print(f"the latest line was shown after {latest:.1f} s; memory {memory >> 20} MiB")
    assert latest < LATE
    assert memory < MEMORY


def read(following: subprocess.Popen[str], seen: list[tuple[float, dict[str, str]]]) -> None:
    """Note when each line came."""
    assert following.stdout
    for line in following.stdout:
        seen.append((time.time(), json.loads(line)))
