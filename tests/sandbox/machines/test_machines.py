"""Machines as real process trees, driven by the internal API."""

from __future__ import annotations

import json
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.processes import runs
from tests.aws.emulator import BEARER
from tests.sandbox.fake_internal_api import FakeInternalApi, Started, instance, process
from tests.waiting import ENOUGH, until

pytestmark = pytest.mark.sandbox

ONE, TWO, THREE = (f"i-0aaaaaaaaaaaaaaa{number}" for number in (1, 2, 3))

SERVES = """#!/bin/bash
mkdir -p "$APP_HOME"
env | sort > "$HOME/env.part" && mv "$HOME/env.part" "$HOME/env"
(cd "$HOME" && exec setsid python3 -m http.server --bind 127.0.0.1 "$PORT" >"$APP_HOME/app.log" 2>&1) &
env -i sleep 300 & echo $! >"$HOME/sleeper"
echo "user data of $(basename "$HOME") done"
"""


@pytest.fixture
def api() -> Iterator[FakeInternalApi]:
    with FakeInternalApi() as fake:

        def apply(path: str, body: dict[str, Any]) -> None:
            for entry in fake.resources["instances"]["instances"]:
                if path == f"instances/{entry['id']}":
                    entry.update(body)

        fake.apply = apply
        yield fake


@pytest.fixture
def machines(api: FakeInternalApi, tmp_path: Path) -> Iterator[Started]:
    arguments = ("-m", "sandbox.machines", "--endpoint", api.url, "--directory", str(tmp_path / "machines"))
    env = {"SLIPWAY_SANDBOX": str(tmp_path), "SECRET_OF_THE_USER": "1"}
    with process(*arguments, log=tmp_path / "machines.log", env=env) as started:
        yield started


def launch(api: FakeInternalApi, *entries: dict[str, Any]) -> None:
    api.update(lambda resources: resources["instances"]["instances"].extend(entries))


def change(api: FakeInternalApi, id_: str, **more: object) -> None:
    def apply(resources: dict[str, dict[str, Any]]) -> None:
        for entry in resources["instances"]["instances"]:
            if entry["id"] == id_:
                entry.update(more)

    api.update(apply)


def posted(api: FakeInternalApi, id_: str, key: str) -> list[Any]:
    return [body[key] for path, body in api.posts if path == f"instances/{id_}" and key in body]


def read(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def get(url: str, **more: Any) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, **more), timeout=ENOUGH) as response:
        return response.read().decode()


def answers(port: int) -> str | None:
    try:
        return get(f"http://127.0.0.1:{port}/")
    except OSError:
        return None


def marked(directory: Path) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for candidate in psutil.process_iter():
        try:
            if str(directory) in candidate.environ().get("SLIPWAY_MACHINE", ""):
                found.append(candidate)
        except psutil.Error:
            continue
    return found


def sleeper(tmp_path: Path, id_: str) -> psutil.Process:
    """The process that cleared its environment; its session's leader is gone."""
    return psutil.Process(int(until(lambda: read(tmp_path / "machines" / id_ / "sleeper"))))


def test_a_machine_serves_until_its_instance_shuts_down(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """User data runs byte for byte, its children outlive it and are all gone after shutting-down, with logs kept."""
    launch(api, instance(ONE, SERVES), instance(TWO, SERVES))
    api.wait_for(lambda: posted(api, ONE, "port") and posted(api, TWO, "port"))
    ports = posted(api, ONE, "port")[0], posted(api, TWO, "port")[0]
    assert ports[0] != ports[1]
    assert until(lambda: answers(ports[0]))
    assert until(lambda: answers(ports[1]))
    assert (tmp_path / "machines" / ONE / "user-data").read_bytes() == SERVES.encode()
    bare = sleeper(tmp_path, ONE)

    change(api, ONE, state="shutting-down")
    api.wait_for(lambda: posted(api, ONE, "state") == ["terminated"])
    assert answers(ports[0]) is None
    assert answers(ports[1])
    assert not runs(bare)
    assert not (tmp_path / "machines" / ONE).exists()
    kept = (tmp_path / "log" / "machines" / f"{ONE}.log").read_text()
    assert f"user data of {ONE} done" in kept
    assert "app/app.log" in kept


def test_a_machine_has_an_environment_of_its_own(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """Nothing of the caller's environment reaches a machine but what the contract names."""
    launch(api, instance(ONE, SERVES))
    listing = until(lambda: read(tmp_path / "machines" / ONE / "env"))
    seen = dict(line.split("=", 1) for line in listing.splitlines())
    home = str(tmp_path / "machines" / ONE)
    assert {"SHLVL", "PWD", "_", "OLDPWD"} | set(seen) == {"SHLVL", "PWD", "_", "OLDPWD"} | {
        "PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "SLIPWAY_MACHINE", "SLIPWAY_SANDBOX", "AWS_ENDPOINT_URL",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_REGION", "AWS_DEFAULT_REGION", "APP_HOME", "APP_ADDRESS",
        "APP_USER", "PER_BOOT", "PORT",
    }  # fmt: skip
    assert (seen["HOME"], seen["APP_HOME"], seen["SLIPWAY_SANDBOX"]) == (home, f"{home}/app", str(tmp_path))
    assert seen["AWS_EC2_METADATA_SERVICE_ENDPOINT"] == f"http://127.0.0.1:{machines[0]}/{ONE}"


def test_a_killed_machine_is_reported_failed(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """The fault ends every process at once and reports the instance failed; it does not come back."""
    launch(api, instance(ONE, SERVES))
    port = api.wait_for(lambda: posted(api, ONE, "port"))[0]
    assert until(lambda: answers(port))
    get(f"http://127.0.0.1:{machines[0]}/machines/{ONE}/kill", method="POST", headers=BEARER)
    assert posted(api, ONE, "state") == ["failed"]
    assert answers(port) is None
    assert not marked(tmp_path)
    change(api, ONE, state="running", port=None)
    api.wait_for(lambda: posted(api, ONE, "state") == ["failed", "failed"])
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"http://127.0.0.1:{machines[0]}/machines/{ONE}/kill", method="POST", headers=BEARER)


def test_user_data_that_is_no_script_is_not_run(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """As with cloud-init, only user data that begins with `#!` runs; the machine is there all the same."""
    launch(api, instance(ONE, "echo ran"), instance(TWO, "#!/no/such/interpreter\n"))
    api.wait_for(lambda: posted(api, ONE, "port") and posted(api, TWO, "port"))
    for id_, said in ((ONE, "not a script"), (TWO, "cannot be run")):
        log = tmp_path / "machines" / id_ / "console.log"
        until(lambda log=log, said=said: said in log.read_text())
        assert "ran" not in log.read_text().replace("cannot be run", "").splitlines()


def test_sigterm_ends_all_machines(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """The supervisor leaves no process behind, not even one that cleared its environment."""
    launch(api, instance(ONE, SERVES), instance(TWO, SERVES))
    api.wait_for(lambda: posted(api, ONE, "port") and posted(api, TWO, "port"))
    bare = [sleeper(tmp_path, ONE), sleeper(tmp_path, TWO)]
    machines[1].send_signal(signal.SIGTERM)
    assert machines[1].wait(ENOUGH) == 0
    assert not marked(tmp_path)
    assert not any(map(runs, bare))


def test_a_new_supervisor_cleans_up_after_a_killed_one(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """After kill -9 of the supervisor, the next one ends what was left in the directory and starts afresh."""
    launch(api, instance(ONE, SERVES))
    port = api.wait_for(lambda: posted(api, ONE, "port"))[0]
    assert until(lambda: answers(port))
    bare = sleeper(tmp_path, ONE)
    machines[1].kill()
    machines[1].wait(ENOUGH)
    before = {child.pid for child in marked(tmp_path)}
    assert before
    arguments = ("-m", "sandbox.machines", "--endpoint", api.url, "--directory", str(tmp_path / "machines"))
    with process(*arguments, log=tmp_path / "second.log"):
        again = api.wait_for(lambda: posted(api, ONE, "port")[1:])[0]
        assert until(lambda: answers(again))
        assert not before & {child.pid for child in marked(tmp_path)}
        assert not runs(bare)


def test_the_supervisor_outlives_an_outage_of_the_emulator(api: FakeInternalApi, machines: Started):
    """Failing long polls change nothing; when the emulator is back, what was missed is made up."""
    launch(api, instance(ONE, SERVES))
    port = api.wait_for(lambda: posted(api, ONE, "port"))[0]
    assert until(lambda: answers(port))
    api.failing = True
    change(api, ONE, state="shutting-down")
    assert answers(port)
    api.failing = False
    api.wait_for(lambda: posted(api, ONE, "state") == ["terminated"])


def status(url: str, method: str = "GET", **headers: str) -> str | int:
    try:
        return get(url, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()})
    except urllib.error.HTTPError as problem:
        return problem.code


def test_web_pages_and_strangers_are_refused(api: FakeInternalApi, machines: Started):
    """Whatever path it is, an Origin or another Host is one too many; to kill takes the key of the session."""
    launch(api, instance(ONE, SERVES, metadata_options={"HttpTokens": "optional"}))
    api.wait_for(lambda: posted(api, ONE, "port"))
    url = f"http://127.0.0.1:{machines[0]}"
    metadata, kill = f"{url}/{ONE}/latest/meta-data/iam/security-credentials/web", f"{url}/machines/{ONE}/kill"
    assert "SecretAccessKey" in str(status(metadata))
    for headers in ({"Origin": url}, {"Host": "evil.example"}, {"Host": f"evil.example:{machines[0]}"}):
        assert status(metadata, **headers) == 403
        assert status(kill, "POST", **BEARER, **headers) == 403
    for headers in ({}, {"Authorization": "Bearer guess"}):
        assert status(kill, "POST", **headers) == 401
    assert not posted(api, ONE, "state")


def test_the_metadata_service_is_that_of_ec2(api: FakeInternalApi, machines: Started):
    """Tokens are required where the instance says so, belong to one instance, and open the documented categories."""
    launch(
        api,
        instance(ONE, SERVES, tags={"Name": "web"}, metadata_options={"HttpTokens": "required"}),
        instance(
            TWO, SERVES, role=None, metadata_options={"HttpTokens": "optional", "InstanceMetadataTags": "enabled"}
        ),
        instance(THREE, SERVES, metadata_options={"HttpEndpoint": "disabled"}),
    )
    api.wait_for(lambda: all(posted(api, id_, "port") for id_ in (ONE, TWO, THREE)))
    one, two, three = (f"http://127.0.0.1:{machines[0]}/{id_}/latest" for id_ in (ONE, TWO, THREE))
    assert status(f"{one}/api/token", "PUT") == 400
    assert status(f"{one}/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="21601") == 400
    token = str(status(f"{one}/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60"))
    assert status(f"{one}/meta-data/instance-id") == 401
    assert status(f"{one}/meta-data/instance-id", X_aws_ec2_metadata_token="wrong") == 401
    assert status(f"{two}/meta-data/instance-id", X_aws_ec2_metadata_token=token) == 401
    assert status(f"{three}/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60") == 403
    known = {
        "meta-data/instance-id": ONE,
        "meta-data/placement/region": "eu-central-1",
        "meta-data/placement/availability-zone": "eu-central-1b",
        "meta-data/placement/": "availability-zone\nregion",
        "meta-data/local-ipv4": "10.20.0.7",
        "meta-data/ami-id": "ami-0123456789abcdef0",
        "meta-data/instance-life-cycle": "on-demand",
        "meta-data/instance-type": "t3.small",
        "meta-data/iam/security-credentials/": "web",
        "meta-data/tags/instance/Name": 404,
        "user-data": SERVES,
        "meta-data/nothing": 404,
    }
    assert {path: status(f"{one}/{path}", X_aws_ec2_metadata_token=token) for path in known} == known
    document = json.loads(str(status(f"{one}/dynamic/instance-identity/document", X_aws_ec2_metadata_token=token)))
    assert (document["instanceId"], document["region"]) == (ONE, "eu-central-1")
    assert status(f"{two}/meta-data/instance-id") == TWO
    assert status(f"{two}/meta-data/iam/security-credentials/") == 404


def test_botocore_finds_the_role_in_the_metadata(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """With no credentials but the metadata service below its path prefix, the SDK gets the role's."""
    script = f"""#!/bin/bash
    cd "$HOME" && {sys.executable} - <<'PY' >told.part && mv told.part told
import json, botocore.session
found = botocore.session.Session().get_credentials()
print(json.dumps([found.method, found.access_key[:4], bool(found.token)]))
PY
    """
    launch(api, instance(ONE, script))
    told = tmp_path / "machines" / ONE / "told"
    until(told.exists)
    assert json.loads(told.read_text()) == ["iam-role", "ASIA", True]


REBOOTS = """#!/bin/bash
mkdir -p "$PER_BOOT"
printf '#!/bin/bash\\necho again >>"$HOME/boots"; exec sleep 300\\n' >"$PER_BOOT/20-again"
printf '#!/bin/bash\\nexit 3\\n' >"$PER_BOOT/10-fails"
echo '#!/bin/bash' >"$PER_BOOT/30-not-executable"
chmod +x "$PER_BOOT/"[12]*
echo first >>"$HOME/boots"
exec sleep 300
"""


def test_a_reboot_runs_what_is_to_run_at_each_boot(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """As cloud-init does: not the user data; on the same disk and port, with no process of the boot before."""
    launch(api, instance(ONE, REBOOTS))
    (port,) = api.wait_for(lambda: posted(api, ONE, "port"))
    boots = tmp_path / "machines" / ONE / "boots"
    until(lambda: read(boots) == "first\n")
    before = {one.pid for one in marked(tmp_path)}
    change(api, ONE, state="running", port=port, boots=2)
    until(lambda: read(boots) == "first\nagain\n")
    assert api.wait_for(lambda: posted(api, ONE, "port")[1:]) == [port]
    assert not before & {one.pid for one in marked(tmp_path)}


def test_a_stopped_machine_keeps_its_disk_until_it_starts(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """No process runs while it is stopped; the start is a boot like any later one."""
    launch(api, instance(ONE, REBOOTS))
    (port,) = api.wait_for(lambda: posted(api, ONE, "port"))
    boots = tmp_path / "machines" / ONE / "boots"
    until(lambda: read(boots) == "first\n")
    change(api, ONE, state="stopping", port=port)
    api.wait_for(lambda: posted(api, ONE, "state") == ["stopped"])
    assert not marked(tmp_path)
    change(api, ONE, state="pending", boots=2)
    until(lambda: read(boots) == "first\nagain\n")
    assert api.wait_for(lambda: posted(api, ONE, "port")[1:])[0] == port


def test_a_machine_shuts_itself_down(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """Its own command says so; its processes end when EC2 has taken it in. What is no shutdown now is refused."""
    refused = "shutdown -h +1; shutdown -r now; shutdown; echo refused $?\n"
    launch(api, instance(ONE, f"#!/bin/bash\n{refused}shutdown -h now && exec sleep 300\n"))
    api.wait_for(lambda: "shutdown" in posted(api, ONE, "state"))
    assert len(posted(api, ONE, "state")) == 1
    said = (tmp_path / "machines" / ONE / "console.log").read_text()
    assert said.endswith("shutdown: say now\nrefused 1\n")
    assert said.count("can only power off now") == 2
    assert marked(tmp_path)
    change(api, ONE, state="shutting-down")
    api.wait_for(lambda: posted(api, ONE, "state") == ["shutdown", "terminated"])
    assert not marked(tmp_path)


LOOKS = """#!/bin/bash
for name in node npm ruby go java php pip pip3 git gcc pulumi pytest; do command -v $name; done >"$HOME/leaks"
python3 -c 'import boto3' 2>"$HOME/import"
dnf -y -q install jq >"$HOME/dnf" 2>&1; command -v jq >"$HOME/jq"
dnf -y -q install nodejs99 2>"$HOME/unknown"
touch "$HOME/done"
sleep 300
"""


def test_a_machine_has_what_the_image_has(api: FakeInternalApi, machines: Started, tmp_path: Path):
    """No program and no Python package of the developer's, but what a package brings."""
    launch(api, instance(ONE, LOOKS))
    home = tmp_path / "machines" / ONE
    until((home / "done").exists)
    assert read(home / "leaks") == ""
    assert "No module named 'boto3'" in (home / "import").read_text()
    assert (home / "jq").read_text().strip() == str(home / "usr" / "bin" / "jq"), read(home / "dnf")
    assert (home / "unknown").read_text().splitlines()[-1] == "Error: Unable to find a match: nodejs99"
