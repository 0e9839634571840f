"""`make drill`: the second region's recovery, brought up beside what is live, measured, removed, reported.

These tests are one story and run in this order, in one sandbox.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.permissions import roles
from release.drill.report import intact
from tests.engine.conftest import Ran, Sandbox
from tests.sandbox.fake_internal_api import process
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.reliability, pytest.mark.timeout(900)]

STACK, DRILLED, SECOND = "sandbox-dr", "sandbox-dr-drill", "eu-central-1"
REPLICA = "slipway-sandbox-123456789012-eu-central-1"
PATIENCE = 280  # seconds
CHECK = '      front-page: {url: "{url}/"}\n'
BROKEN = CHECK + "      database: {command: 'echo no route; exit 3'}\n"


def client(sandbox: Sandbox, service: str) -> Any:
    """A client of the second region."""
    return sandbox.client(service, SECOND)


def left_over(sandbox: Sandbox) -> list[str]:
    """What there is of the drill's stack, of the kinds that cost or are in the way."""
    tagged = [{"Name": "tag:slipway:stack", "Values": [DRILLED]}]
    ec2 = client(sandbox, "ec2")
    reservations = ec2.describe_instances(Filters=tagged)["Reservations"]
    instances = [each for found in reservations for each in found["Instances"]]
    groups = client(sandbox, "autoscaling").describe_auto_scaling_groups(Filters=tagged)["AutoScalingGroups"]
    balancers = client(sandbox, "elbv2").describe_load_balancers()["LoadBalancers"]
    found = [
        *(each["InstanceId"] for each in instances if each["State"]["Name"] != "terminated"),
        *(each["AutoScalingGroupName"] for each in groups),
        *(each["VpcId"] for each in ec2.describe_vpcs(Filters=tagged)["Vpcs"]),
        *(each["LoadBalancerName"] for each in balancers),
        *(each["RoleName"] for each in client(sandbox, "iam").list_roles()["Roles"]),
    ]
    return [name for name in found if DRILLED in name or name.startswith(("i-", "vpc-"))]


def reports(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The reports in the store, newest first; each has the SHA-256 that it says."""
    s3 = client(sandbox, "s3")
    listed = s3.list_objects_v2(Bucket=REPLICA, Prefix=f"drills/{STACK}/").get("Contents", [])
    keys = sorted((each["Key"] for each in listed if each["Key"].endswith("report.json")), reverse=True)
    bodies = [s3.get_object(Bucket=REPLICA, Key=key)["Body"].read() for key in keys]
    assert all(intact(body) for body in bodies)
    return [json.loads(body) for body in bodies]


def change(sandbox: Sandbox, before: str, after: str) -> None:
    """Change the second stack's file."""
    file = sandbox.checkout / f"Pulumi.{STACK}.yaml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def as_drill(sandbox: Sandbox, command: str) -> Ran:
    """A command as the role `drill`: whatever asks AWS, Pulumi's provider too, has its keys only."""
    got = client(sandbox, "sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/drill", RoleSessionName="test-session"
    )["Credentials"]
    keys = {
        "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
        "AWS_SESSION_TOKEN": got["SessionToken"],
    }
    endpoint, log = sandbox.client("sts").meta.endpoint_url, sandbox.checkout / "provider-drill.log"
    with process("-m", "sandbox.provider", "--endpoint", endpoint, "--port", "0", log=log, env=keys) as (port, _):
        more = {**keys, "PULUMI_DEBUG_PROVIDERS": f"aws:{port}", "AWS_REGION": SECOND, "AWS_DEFAULT_REGION": SECOND}
        more["XDG_CACHE_HOME"] = str(sandbox.checkout / ".sandbox" / "cache")
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in more.items())
        return sandbox.shell(f"export {given} && {command}")


def test_a_drill_that_passes(sandbox: Sandbox, tmp_path: Path):
    """Measured against its objectives, with no call to the first region, which serves on; nothing is left over."""
    assert sandbox.up().code == 0
    ran = sandbox.run("make", "--no-print-directory", "drill", f"OUT={tmp_path}", timeout=PATIENCE)
    assert ran.code == 0, ran.said
    assert ran.last == "Passed: the objectives were met, nothing was found."
    [report] = reports(sandbox)
    assert report["served"]["sha"] == sandbox.serves()
    assert report["served"]["digest"] == report["served"]["ledger_digest"] == report["served"]["first_digest"]
    assert len(report["served"]["proofs"]) == report["served"]["wanted"] == 3
    assert report["calls"].get("eu-west-1", 0) == 0
    assert report["calls"][SECOND] > 50
    assert (report["git"], report["hosts"]) == ([], [])
    assert [measure["measured"] is not None for measure in report["measures"]] == [True, True]
    assert [check["outcome"] for check in report["checks"]] == ["passed"]
    assert [file.name for file in sorted(tmp_path.glob(f"{STACK}/*/*"))] == ["report.json", "report.md", "timeline.svg"]
    assert left_over(sandbox) == []


def test_a_check_that_fails(sandbox: Sandbox):
    """Exit status 1, and the finding names the check and what it said."""
    change(sandbox, CHECK, BROKEN)
    ran = sandbox.run("make", "--no-print-directory", "drill", timeout=PATIENCE)
    assert ran.code == 2  # make's own; the command's is 1
    assert "Error 1" in ran.said
    assert [finding["id"] for finding in reports(sandbox)[0]["findings"]] == ["check.database"]
    assert left_over(sandbox) == []


def test_a_drill_that_is_ended_by_ctrl_c(sandbox: Sandbox, tmp_path: Path):
    """In the middle of bringing it up: what there is of it goes, the faults end, and the report says by whom."""
    log = tmp_path / "drill.log"
    with log.open("wb") as output:
        drill = subprocess.Popen(
            ["make", "--no-print-directory", "drill"],
            cwd=sandbox.checkout,
            env={**os.environ, **sandbox.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(lambda: "autoscaling:Group web" in log.read_text(), PATIENCE)
        assert left_over(sandbox)
        os.killpg(drill.pid, signal.SIGINT)
        drill.wait(timeout=PATIENCE)
    print(log.read_text())
    [report, *_] = reports(sandbox)
    assert report["outcome"] == "ended by hand"
    assert {step["name"]: step["outcome"] for step in report["steps"]}["bring up"] == "ended"
    assert [(each["id"], each["state"]) for each in report["earlier"]] == [("check.database", "not tested again")]
    assert left_over(sandbox) == []
    assert sandbox.shell("aws --region eu-west-1 s3 ls").code == 0  # the first region answers again


def test_the_drills_role_suffices(sandbox: Sandbox):
    """With the policy of the role `drill` and nothing else; its check says what does not stand."""
    change(sandbox, BROKEN, CHECK)
    scope = roles.Scope(
        stack=STACK,
        region=SECOND,
        account="123456789012",
        bucket=REPLICA,
        replica="eu-west-1",
        replica_bucket="slipway-sandbox-123456789012-eu-west-1",
    )
    iam = client(sandbox, "iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="drill", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    for number, part in enumerate(roles.parts("drill", scope)):
        policy = iam.create_policy(PolicyName=f"drill-{number}", PolicyDocument=json.dumps(part))["Policy"]
        iam.attach_role_policy(RoleName="drill", PolicyArn=policy["Arn"])
    ran = as_drill(sandbox, f"python -m release drill --stack {STACK}")
    assert ran.code == 0, ran.said
    assert ran.last.startswith("Passed")
    checked = as_drill(sandbox, f"python -m release drill --stack {STACK} --check --json")
    assert checked.code == 1
    found = {each["what"]: each["outcome"] for each in json.loads(checked.said[checked.said.index("{") :])["checks"]}
    assert [what for what, outcome in found.items() if outcome == "missing"] == ["roles", "state backend"]
    told = sandbox.shell(
        'curl --silent --fail --header "Authorization: Bearer $AWS_SECRET_ACCESS_KEY" '
        "$AWS_ENDPOINT_URL/_sandbox/permissions"
    )
    assert json.loads(told.said)["drill"]["refused"] == []
    assert left_over(sandbox) == []
