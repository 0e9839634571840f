"""What an instance does at launch: its user data, under bash, with stand-ins for what only EC2 has."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from release.component.user_data import Boot, Part, render
from sandbox.ports import ReservedPorts
from tests.waiting import until

pytestmark = pytest.mark.sandbox

SERVE = f"exec {sys.executable} -m http.server --bind 127.0.0.1 $PORT"
STANDS_IN = {
    "dnf": """echo dnf "$@" >>"$CALLS"
[ -s "$DNF_SAYS" ] || exit 0
head -n 1 "$DNF_SAYS" >&2
sed -i 1d "$DNF_SAYS"
exit 1
""",
    # Fetches the artifact, but not as often as the file `missing` has lines; refuses to end the launch as often as
    # `refusals` has; knows the secrets in `parameters`.
    "aws": """echo "$@" >>"$CALLS"
case "$1 $2" in
  "ssm get-parameters") cat "$PARAMETERS" ;;
  "s3 cp")
    [ ! -s "$MISSING" ] || { head -n 1 "$MISSING" >&2; sed -i 1d "$MISSING"; exit 1; }
    cp "$ARTIFACT" "${@: -1}" ;;
  "autoscaling complete-lifecycle-action")
    [ -s "$REFUSALS" ] || exit 0
    sed -i 1d "$REFUSALS"
    exit 254 ;;
esac
""",
    # Time passes quickly, but not for nothing: waiting here has to end what it is waited for.
    "sleep": 'exec "$REAL_SLEEP" 0.05\n',
}
AS_ROOT = {
    "id": '[ "$1" = -un ] && echo root\n',  # and no user of that name
    "useradd": 'echo useradd "$@" >>"$CALLS"\n',
    "chown": 'echo chown "$@" >>"$CALLS"\n',
    "runuser": 'echo runuser "${@:1:3}" >>"$CALLS"; shift 3; exec "$@"\n',
}
NOTHING: Mapping[str, str] = {}


class Metadata(BaseHTTPRequestHandler):
    """IMDSv2: what EC2 tells an instance of itself."""

    def do_PUT(self) -> None:
        self._answer("token")

    def do_GET(self) -> None:
        known = {"instance-id": "i-0abc", "local-ipv4": "127.0.0.1"}
        self._answer(known[self.path.removeprefix("/latest/meta-data/")])

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@dataclass
class Booting:
    """An instance that boots in a folder of its own."""

    folder: Path
    environment: dict[str, str]

    def reboots(self) -> subprocess.Popen[str]:
        """The machine starts anew: nothing runs any more, and cloud-init runs what lies in its folder for that."""
        return run(self.app.parent / "per-boot" / "slipway", self.environment)

    def said(self, words: str) -> list[str]:
        """The commands that were called with those words."""
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line for line in lines if words in line]

    def reported(self) -> list[dict[str, Any]]:
        """What it wrote into the log group."""
        lines = [line.split(" --log-events ", 1)[1] for line in self.said("put-log-events")]
        return [json.loads(event["message"]) for line in lines for event in json.loads(line)]

    @property
    def app(self) -> Path:
        return self.folder / "app"


def artifact(file: Path) -> str:
    """An archive of one file, and its digest."""
    with tarfile.open(file, "w:gz") as archive:
        entry = tarfile.TarInfo("index.html")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"hi"))
    return hashlib.sha256(file.read_bytes()).hexdigest()


def stand_ins(folder: Path, scripts: dict[str, str]) -> None:
    folder.mkdir()
    for name, body in scripts.items():
        script = folder / name
        script.write_text("#!/bin/bash\n" + body)
        script.chmod(0o755)


@pytest.fixture
def metadata() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def port() -> Iterator[int]:
    ports = ReservedPorts()
    taken = ports.take()
    yield taken
    ports.release(taken)


def run(script: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """As cloud-init starts a script: little in the environment (no HOME), in /, and no input."""
    return subprocess.Popen(
        ["/bin/bash", str(script)],
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)  # other process groups of its session
    process.communicate()


@contextmanager
def booting(
    folder: Path,
    metadata: str,
    port: int,
    *,
    command: str = SERVE,
    stands_in: Mapping[str, str] = NOTHING,
    parts: tuple[Part, ...] = (),
    **more: str,
) -> Generator[tuple[Booting, subprocess.Popen[str]]]:
    """The user data as it runs; all of its processes end with it."""
    stand_ins(folder / "bin", {**STANDS_IN, **stands_in})
    packages = tuple(more.pop("packages", "").split())
    boot = Boot(
        sha="a" * 40,
        digest=artifact(folder / "artifact.tar.gz"),
        bucket="store",
        region="eu-west-1",
        fleet="web",
        group="slipway-prod-web",
        hook="boot",
        log_group="/slipway/prod/web",
        command=command,
        port=port,
        health_path="/",
        health_codes=more.pop("health_codes", "200"),
        health_timeout=5,
        boot_timeout=int(more.pop("boot_timeout", "300")),
        environment=json.loads(more.pop("own", "{}")),
        secrets=tuple(more.pop("secrets", "").split()),
        packages=packages,
        parts=parts,
    )
    script = folder / "user-data"
    script.write_text(render(boot).replace("\n. <", f"\n{more.pop('prelude', '')}\n. <", 1))
    environment = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "APP_HOME": str(folder / "app"),
        "APP_USER": "app" if "useradd" in stands_in else str(os.getuid()),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
        "CALLS": str(folder / "calls"),
        "REFUSALS": str(folder / "refusals"),
        "MISSING": str(folder / "missing"),
        "PARAMETERS": str(folder / "parameters"),
        "REAL_SLEEP": "/bin/sleep",
        "DNF_SAYS": str(folder / "dnf-says"),
        "PER_BOOT": str(folder / "per-boot"),
        "ARTIFACT": str(folder / "artifact.tar.gz"),
        **more,
    }
    process = run(script, environment)
    try:
        yield Booting(folder, environment), process
    finally:
        end(process)


def test_it_ends_the_launch_once_the_app_answers(tmp_path: Path, metadata: str, port: int):
    """Nothing but what cloud-init gives is needed; the app finds its port and a home of its own."""
    with booting(tmp_path, metadata, port, command=f"env >$HOME/seen; {SERVE}") as (instance, process):
        assert process.wait(60) == 0
        (ended,) = instance.said("complete-lifecycle-action")
        assert ended.endswith("--instance-id i-0abc --lifecycle-action-result CONTINUE")
        seen = (instance.app / "home" / "seen").read_text().splitlines()
        assert f"HOME={instance.app / 'home'}" in seen
        assert f"PORT={port}" in seen


def test_a_boot_that_is_ahead_of_its_group_says_so_again(tmp_path: Path, metadata: str, port: int):
    """Auto Scaling may not know the lifecycle action yet when a quick boot wants to end it."""
    (tmp_path / "refusals").write_text("\n\n")
    with booting(tmp_path, metadata, port) as (instance, process):
        assert process.wait(60) == 0
        assert len(instance.said("complete-lifecycle-action")) == 3


def test_a_slow_boot_gains_time(tmp_path: Path, metadata: str, port: int):
    """The hook counts from the launch, the script from its own start: it has the count begun again."""
    with booting(tmp_path, metadata, port, command="exec $REAL_SLEEP 300") as (instance, process):
        until(lambda: instance.said("record-lifecycle-action-heartbeat"))
        assert process.poll() is None
        assert not instance.said("complete-lifecycle-action")


def test_the_app_is_asked_where_the_balancer_will_ask(tmp_path: Path, metadata: str, port: int):
    """One that listens on another address than the instance's is abandoned, and told what to do."""
    with booting(tmp_path, metadata, port, boot_timeout="17", APP_ADDRESS="127.0.0.2") as (instance, process):
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert f"nothing answered on port {port} of 127.0.0.2" in said
        assert "must listen on $PORT of every address" in said
        assert instance.said("--lifecycle-action-result ABANDON")


def test_the_app_runs_as_a_user_to_whom_the_release_belongs(tmp_path: Path, metadata: str, port: int):
    """The release and the home are the app's, so that what writes beside its code can; nothing else is."""
    with booting(tmp_path, metadata, port, stands_in=AS_ROOT) as (instance, process):
        assert process.wait(60) == 0
        home, code = instance.app / "home", instance.app / "release"
        assert instance.said("useradd") == [f"useradd --system --home-dir {home} --shell /sbin/nologin app"]
        assert instance.said("chown") == [f"chown -R app: {code} {home}"]
        assert instance.said("runuser") == ["runuser -u app --"]


def test_what_the_app_says_does_not_fill_the_disk(tmp_path: Path, metadata: str, port: int):
    """Its output is cut, the last of it is kept."""
    talk = f"for n in $(seq 2000); do echo line $n; done; {SERVE}"
    with booting(tmp_path, metadata, port, command=talk, APP_LOG_LIMIT="10000") as (instance, process):
        assert process.wait(60) == 0
        kept, output = instance.app / "app.log.1", instance.app / "app.log"
        until(lambda: kept.exists() and output.stat().st_size < 10_000)
        assert "line 2000\n" in kept.read_text()


FORBIDDEN = "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden"
ANSWER = """import http.server, json, os, sys
class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(os.environ["HOME"] + "/asked", "a") as asked:
            asked.write(json.dumps(dict(self.headers)) + chr(10))
        self.send_response(int(sys.argv[1]))
        self.send_header("Location", "https://elsewhere.example/")
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), App).serve_forever()
"""


def answering(folder: Path, status: int) -> str:
    """A command that answers every request with that status, and notes its headers."""
    (folder / "answer.py").write_text(ANSWER)
    return f"exec {sys.executable} {folder / 'answer.py'} {status}"


def test_the_app_gets_exactly_what_was_set(tmp_path: Path, metadata: str, port: int):
    """No name means anything to the boot script, nor to bash or Python before the app is there."""
    own = {
        "APP_USER": "root",
        "APP_HOME": "/srv/app",
        "COMMAND": "false",
        "code": "/nowhere",
        "UID": "1000",
        "PATH": f"/opt/own:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "IFS_": "a b",
        "BASH_ENV": "/dev/null",
        "PYTHONPATH": "/nowhere",
        "PYTHONHOME": "",
        "LD_PRELOAD": "",
        "report": "() { :; }",
        "exits": "/nowhere",
        "SECONDS": "100000",
        "AWS_REGION": "us-east-1",
        "AWS_PAGER": "less",
        "TEXT": "two\nlines, 'quotes' and \u00fc",
    }
    write = f"""{sys.executable} -IS -c 'import json, os; json.dump(dict(os.environ), open("{tmp_path}/seen", "w"))'"""
    with booting(tmp_path, metadata, port, command=f"{write}; {SERVE}", own=json.dumps(own)) as (instance, process):
        assert process.wait(60) == 0
        seen = json.loads((tmp_path / "seen").read_text())
        assert {name: seen.get(name) for name in own} == own
        assert not {"PER_BOOT", "APP_ADDRESS", "APP_LOG_LIMIT", "AWS_MAX_ATTEMPTS"} & seen.keys()
        assert instance.reported()[-1]["event"] == "ready"


def test_secrets_reach_the_app_and_leave_the_instance_masked(tmp_path: Path, metadata: str, port: int):
    """Whole, within a URL, as repr, JSON, base64 and URLs have them; also where what is shown is cut."""
    values = {"KEY": "p\u00e4ss'wo\"rd", "DATABASE_URL": "postgres://shop:s3cr%2Ft@db/shop", "SHORT": "abc"}
    values |= {"LINE": "p9\n"}
    values["SET"] = json.dumps({"user": "shop-admin", "password": "of the database"})
    shown = [{"Name": f"/slipway/prod/web/{name}", "Value": value} for name, value in values.items()]
    (tmp_path / "parameters").write_text(json.dumps({"Parameters": shown, "InvalidParameters": []}))
    tell = f"""exec {sys.executable} -c '
import base64, json, os
from urllib.parse import quote
own = [os.environ[name] for name in ("KEY", "DATABASE_URL", "SHORT")]
print("x" * 70000 + own[0] + "." * 64000)
print(*own, repr(own[0]), json.dumps(own[0]), quote(own[0]), end=" ")
print(base64.b64encode(own[0].encode()).decode(), "s3cr/t", "abcd")
print("p9 of the database,")
print("y" * 295 + own[0])
raise SystemExit(7)'"""
    secrets = " ".join(f"/slipway/prod/web/{name}:1" for name in values)
    with booting(tmp_path, metadata, port, command=tell, secrets=secrets) as (instance, process):
        console, _ = process.communicate(timeout=60)
        (said,) = instance.reported()
        assert "the app exited with 7 before it answered" in said["reason"]
        masked = "(secret KEY) (secret DATABASE_URL) (secret SHORT) "
        assert masked in said["reason"]
        assert "(secret DATABASE_URL) abcd" in said["reason"]
        assert "(secret LINE) (secret SET)," in said["reason"]
        for value in ("ss'wo", "ss\\", "s3cr", "cMOkc3M"):
            assert value not in said["reason"] + console


def test_bytes_that_are_no_text_are_replaced_and_control_characters_shown(tmp_path: Path, metadata: str, port: int):
    """So that a reason survives every reader: JSON, the ledger, any terminal."""
    tell = r"printf 'Datenbank k\366nig \033[31mfehlt\033[0m\007\n' >&2; exit 1"
    with booting(tmp_path, metadata, port, command=tell) as (instance, process):
        console, _ = process.communicate(timeout=60)
        (said,) = instance.reported()
        assert r"Datenbank k�nig \x1b[31mfehlt\x1b[0m\x07".replace(r"\ufffd", "\ufffd") in said["reason"]
        assert "\x1b" not in console


def test_a_redirect_is_healthy_where_the_settings_say_so(tmp_path: Path, metadata: str, port: int):
    """It is not followed, and the request is the load balancer's: by address, and with nothing of a proxy."""
    command = answering(tmp_path, 301)
    with booting(tmp_path, metadata, port, command=command, health_codes="200,300-302") as (instance, process):
        assert process.wait(60) == 0
        asked = json.loads((instance.app / "home" / "asked").read_text().splitlines()[0])
        assert asked == {
            "Host": f"127.0.0.1:{port}",
            "User-Agent": "ELB-HealthChecker/2.0",
            "Accept-Encoding": "gzip, compressed",
            "Connection": "close",
        }


def test_a_status_that_is_not_healthy_says_which_setting(tmp_path: Path, metadata: str, port: int):
    """With where a redirect leads to: it is mostly that which explains it."""
    command = answering(tmp_path, 301)
    with booting(tmp_path, metadata, port, command=command, boot_timeout="20") as (instance, process):
        assert process.wait(60) == 1
        (said,) = instance.reported()
        assert "GET / answered 301 (to https://elsewhere.example/), 200 is expected" in said["reason"]
        assert "health.codes" in said["reason"]


def test_an_artifact_that_is_not_there_yet_is_asked_for_again(tmp_path: Path, metadata: str, port: int):
    """Whoever may not list a bucket gets 403 for what isn't there."""
    (tmp_path / "missing").write_text(f"{FORBIDDEN}\n" * 3)
    with booting(tmp_path, metadata, port) as (instance, process):
        assert process.wait(60) == 0
        assert len(instance.said("s3 cp")) == 4


def test_an_artifact_that_stays_away_says_both_reasons(tmp_path: Path, metadata: str, port: int):
    """It is not there, or may not be read: S3 doesn't say which."""
    (tmp_path / "missing").write_text(f"{FORBIDDEN}\n" * 9)
    with booting(tmp_path, metadata, port) as (instance, process):
        assert process.wait(60) == 1
        (said,) = instance.reported()
        assert "it is not there, or the role of this instance may not read it" in said["reason"]
        assert said["reason"].endswith(FORBIDDEN)
        assert len(instance.said("s3 cp")) == 4


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("true", "the app exited with 0 before it answered: it must stay in the foreground"),
        (
            "{answering} & until [ -e $HOME/asked ]; do :; done",
            "0 when it had answered: it must stay in the foreground",
        ),
    ],
)
def test_an_app_in_the_background_is_told_to_come_forward(
    tmp_path: Path, metadata: str, port: int, command: str, says: str
):
    """Nothing watches it there: it could not be started again."""
    command = command.format(answering=answering(tmp_path, 200).removeprefix("exec "))
    with booting(tmp_path, metadata, port, command=command) as (instance, process):
        assert process.wait(60) == 1
        (said,) = instance.reported()
        assert says in said["reason"]
        assert instance.said("--lifecycle-action-result ABANDON")


def test_an_app_that_goes_to_the_background_later_is_said_once_and_not_started_twice(
    tmp_path: Path, metadata: str, port: int
):
    """It would find its port taken for ever."""
    command = f"echo began >>$HOME/began; {SERVE.removeprefix('exec ')} & until [ -e $HOME/go ]; do :; done"
    with booting(tmp_path, metadata, port, command=command) as (instance, process):
        assert process.wait(60) == 0
        (instance.app / "home" / "go").touch()
        until(lambda: len(instance.reported()) == 2)
        assert "the app goes on without it: it must stay in the foreground" in instance.reported()[1]["reason"]
        assert (instance.app / "home" / "began").read_text() == "began\n"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"mkdir": "echo no space left on device >&2; exit 1\n"}, "cannot make .*: no space left on device"),
        ({"useradd": "echo useradd: locked >&2; exit 1\n"}, "no user app: useradd: locked"),
        ({"tar": "exit 2\n"}, "cannot be unpacked"),
    ],
)
def test_what_fails_before_the_app_is_said(tmp_path: Path, metadata: str, port: int, broken: dict[str, str], says: str):
    """And the launch ends with it, at once."""
    with booting(tmp_path, metadata, port, stands_in=AS_ROOT | broken) as (instance, process):
        assert process.wait(60) == 1
        (said,) = instance.reported()
        assert re.search(says, said["reason"])
        assert instance.said("--lifecycle-action-result ABANDON")


def test_an_end_that_nobody_foresaw_is_said_too(tmp_path: Path, metadata: str, port: int):
    """Such as an unset variable: bash just leaves."""
    with booting(tmp_path, metadata, port, prelude="unset BUCKET") as (instance, process):
        assert process.wait(60) == 1
        (said,) = instance.reported()
        assert re.search(r"boot\.sh ended with 1 at line \d+", said["reason"])
        assert instance.said("--lifecycle-action-result ABANDON")


def test_without_a_metadata_service_the_console_says_so(tmp_path: Path, port: int):
    """It is asked for some seconds; without it there is no name to report by but the host's."""
    with booting(tmp_path, "http://127.0.0.1:9", port) as (instance, process):
        console, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "the metadata service does not answer" in console
        assert instance.reported()[0]["event"] == "failed"


def test_an_instance_that_goes_says_nothing_of_the_release(tmp_path: Path, metadata: str, port: int):
    """A boot that is cut short by its end is no failure of the release."""
    with booting(tmp_path, metadata, port, command="touch $HOME/up; exec $REAL_SLEEP 300") as (instance, process):
        until((instance.app / "home" / "up").exists)
        os.killpg(process.pid, signal.SIGTERM)
        console, _ = process.communicate(timeout=60)
        assert "ended by a signal" in console
        assert not instance.reported()


@contextmanager
def rebooted(instance: Booting, process: subprocess.Popen[str]) -> Generator[subprocess.Popen[str]]:
    """The instance after a reboot: the processes of the boot before it are gone."""
    assert process.wait(60) == 0
    os.killpg(process.pid, signal.SIGKILL)
    again = instance.reboots()
    try:
        yield again
    finally:
        end(again)


def test_after_a_reboot_the_same_release_serves_again(tmp_path: Path, metadata: str, port: int):
    """From the archive that was kept, whatever became of the files; the launch is not ended twice."""
    command = f"echo run >>$HOME/runs; {SERVE}"
    with booting(tmp_path, metadata, port, command=command, packages="nodejs22") as (instance, process):
        assert process.wait(60) == 0
        (instance.app / "release" / "index.html").write_text("changed")
        with rebooted(instance, process) as again:
            assert again.wait(60) == 0
            assert (instance.app / "home" / "runs").read_text() == "run\nrun\n"
            assert (instance.app / "release" / "index.html").read_text() == "hi"
            first, second = instance.reported()
            assert (second["event"], second["sha"], second["digest"]) == ("ready", first["sha"], first["digest"])
            assert [len(instance.said(call)) for call in ("s3 cp", "dnf -y", "complete-lifecycle")] == [1, 1, 1]


def test_after_a_reboot_a_changed_archive_is_fetched_again(tmp_path: Path, metadata: str, port: int):
    """What is on disk is believed as little as what the store sends."""
    with booting(tmp_path, metadata, port) as (instance, process):
        assert process.wait(60) == 0
        (instance.app / "artifact.tar.gz").write_bytes(b"other")
        with rebooted(instance, process) as again:
            assert again.wait(60) == 0
            assert len(instance.said("s3 cp")) == 2
            assert [event["event"] for event in instance.reported()] == ["ready", "ready"]


def test_a_reboot_that_fails_says_so_and_touches_no_launch(tmp_path: Path, metadata: str, port: int):
    """The app's last output is that of this boot; the load balancer's health check does the rest."""
    command = f"[ ! -e $HOME/seen ] || {{ echo broken; exit 3; }}; echo fine; touch $HOME/seen; {SERVE}"
    with booting(tmp_path, metadata, port, command=command) as (instance, process):
        assert process.wait(60) == 0
        with rebooted(instance, process) as again:
            assert again.wait(60) == 1
            event = instance.reported()[-1]
            assert event["event"] == "failed"
            assert event["reason"] == "the app exited with 3 before it answered; its last output: broken"
            assert len(instance.said("complete-lifecycle-action")) == 1


def test_a_first_boot_that_was_cut_short_is_ended_by_the_next(tmp_path: Path, metadata: str, port: int):
    """The launch still waits: without its end the hook would give the instance up."""
    command = f"[ -e $HOME/seen ] || {{ touch $HOME/seen; exec $REAL_SLEEP 300; }}; {SERVE}"
    with booting(tmp_path, metadata, port, command=command) as (instance, process):
        until((instance.app / "home" / "seen").exists)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        again = instance.reboots()
        try:
            assert again.wait(60) == 0
            (ended,) = instance.said("complete-lifecycle-action")
            assert ended.endswith("CONTINUE")
        finally:
            end(again)


def test_an_image_made_from_an_instance_boots_by_its_user_data(tmp_path: Path, metadata: str, port: int):
    """What the other instance left for its own reboots starts nothing here."""
    with booting(tmp_path, metadata, port) as (instance, process):
        assert process.wait(60) == 0
        (instance.app / "instance").write_text("i-0other\n")
        with rebooted(instance, process) as again:
            assert again.wait(60) == 0
            assert len(instance.reported()) == 1


def test_packages_are_there_before_the_app_starts(tmp_path: Path, metadata: str, port: int):
    """The journal says how long it took; a mirror that fails once is asked again."""
    (tmp_path / "dnf-says").write_text("Error: Failed to download metadata for repo 'amazonlinux'\n")
    with booting(tmp_path, metadata, port, packages="nodejs22 git") as (instance, process):
        assert process.wait(60) == 0
        assert instance.said("dnf -y") == ["dnf -y -q install nodejs22 git"] * 2
        (event,) = instance.reported()
        assert event["event"] == "ready"
        assert 0 <= event["packages_seconds"] < 60


def test_a_package_that_is_not_there_ends_the_boot(tmp_path: Path, metadata: str, port: int):
    """At once, as it will not be there the next time; with dnf's own last line."""
    (tmp_path / "dnf-says").write_text("Error: Unable to find a match: nodejs99\n")
    with booting(tmp_path, metadata, port, packages="nodejs99") as (instance, process):
        assert process.wait(60) == 1
        assert len(instance.said("dnf -y")) == 1
        (event,) = instance.reported()
        assert event["event"] == "failed"
        assert event["reason"] == "dnf could not install nodejs99: Error: Unable to find a match: nodejs99"
        assert instance.said("--lifecycle-action-result ABANDON")


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("no-node-here --x", "no-node-here: not on the image; `fleets.web.packages: [the package that has it]`"),
        ("exec pip3.14 run", "pip3.14: not on the image; `fleets.web.packages: [python3.14-pip]`"),
        ("env pip3.14", "pip3.14: not on the image; `fleets.web.packages: [python3.14-pip]`"),
        ("./bin/serve", "the app exited with 127 before it answered"),
    ],
)
def test_a_command_that_the_image_lacks_is_named(tmp_path: Path, metadata: str, port: int, command: str, hint: str):
    """With the package that brings it, where that is known."""
    with booting(tmp_path, metadata, port, command=command) as (instance, process):
        assert process.wait(60) == 1
        assert str(instance.reported()[-1]["reason"]).startswith(hint)
