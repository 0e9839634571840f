"""What an instance of a fleet without a balancer does: its user data with release/boot/worker.sh, under bash."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from release.component.user_data import Part
from tests.release.component import test_boot
from tests.release.component.test_boot import Booting, booting
from tests.waiting import until

pytestmark = pytest.mark.sandbox

STAYS = "while true; do $REAL_SLEEP 0.05; done"
AS_ROOT = {**test_boot.AS_ROOT, "setpriv": 'echo setpriv "$@" >>"$CALLS"; shift 4; exec "$@"\n', "runuser": "exit 9\n"}


class Group:
    """What the metadata service says of the instance's way through its group."""

    url = ""
    target = "InService"


@pytest.fixture
def group() -> Iterator[Group]:
    group = Group()

    class Metadata(test_boot.Metadata):
        def do_GET(self: BaseHTTPRequestHandler) -> None:
            known = {
                "instance-id": "i-0abc",
                "local-ipv4": "127.0.0.1",
                "autoscaling/target-lifecycle-state": group.target,
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(known[self.path.removeprefix("/latest/meta-data/")].encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        group.url = f"http://127.0.0.1:{server.server_port}"
        yield group
        server.shutdown()


def worker(*, health: str = "", drain: int = 30) -> tuple[Part, ...]:
    """The part of a worker that stays up for two checks."""
    told = {"HEALTH_COMMAND": health, "HEALTH_INTERVAL": "5", "HEALTHY": "2", "UNHEALTHY": "2"}
    return (Part(script="worker", told={**told, "DRAIN": str(drain), "DRAIN_HOOK": "drain"}),)


def events(instance: Booting) -> list[str]:
    return [line["event"] for line in instance.reported()]


def test_a_process_that_stays_up_is_ready_and_nothing_asks_it(tmp_path: Path, group: Group):
    """It listens nowhere, and the launch ends well."""
    with booting(tmp_path, group.url, 1, command=STAYS, parts=worker()) as (instance, process):
        assert process.wait(60) == 0
        assert instance.said("--lifecycle-action-result CONTINUE")
        assert events(instance) == ["ready"]


def test_a_process_that_ends_is_abandoned_with_its_status_and_last_words(tmp_path: Path, group: Group):
    """As of a web process, also of one that ends well: a worker stays."""
    for status, words in ((3, "exited with 3 before it had stayed up for 10 s"), (0, "must stay in the foreground")):
        folder = tmp_path / str(status)
        folder.mkdir()
        command = f"echo no queue; exit {status}"
        with booting(folder, group.url, 1, command=command, parts=worker()) as (instance, process):
            assert process.wait(60) == 1
            assert instance.said("--lifecycle-action-result ABANDON")
            [said] = instance.reported()
            assert words in said["reason"]
            assert said["reason"].endswith("its last output: no queue")


def test_a_health_command_that_never_passes_fails_the_boot_in_its_own_words(tmp_path: Path, group: Group):
    """It is run as the app is, where the app is, and its time is bounded."""
    health = "ls; echo $RELEASE_SHA is sick; exit 4"
    parts = worker(health=health)
    with booting(tmp_path, group.url, 1, command=STAYS, parts=parts, boot_timeout="17") as (instance, process):
        assert process.wait(60) == 1
        [said] = instance.reported()
        assert said["event"] == "failed"
        assert (
            f"health.command ended with 4, also after 17 s (bootTimeout): index.html\n{'a' * 40} is sick"
            in said["reason"]
        )


def test_a_health_command_that_fails_in_service_has_the_instance_replaced(tmp_path: Path, group: Group):
    """Twice in a row, and not before; the journal says why."""
    health = f"[ ! -e {tmp_path}/sick ] || {{ echo stuck; exit 1; }}"
    with booting(tmp_path, group.url, 1, command=STAYS, parts=worker(health=health)) as (instance, process):
        assert process.wait(60) == 0
        assert not instance.said("set-instance-health")
        (tmp_path / "sick").touch()
        call = until(lambda: instance.said("set-instance-health"))[0]
        assert "--instance-id i-0abc --health-status Unhealthy --no-should-respect-grace-period" in call
        said = instance.reported()[1]
        assert said["event"] == "unhealthy"
        assert said["reason"] == "health.command ended with 1, 2 times in a row: stuck"


def test_each_restart_is_a_line_of_the_journal(tmp_path: Path, group: Group):
    """Which an alarm counts."""
    command = f"while [ ! -e {tmp_path}/end ]; do $REAL_SLEEP 0.05; done; exit 5"
    with booting(tmp_path, group.url, 1, command=command, parts=worker()) as (instance, process):
        assert process.wait(60) == 0
        (tmp_path / "end").touch()
        until(lambda: events(instance).count("restarted") >= 3)
        assert instance.reported()[1]["reason"] == "the app ended with 5"


def test_an_instance_that_is_to_go_ends_its_process_first(tmp_path: Path, group: Group):
    """SIGTERM reaches all that it started; it is not started again, and the group waits no longer than it takes."""
    command = f"trap 'echo done >{tmp_path}/done; exit' TERM; {STAYS} & while true; do $REAL_SLEEP 0.05; done"
    with booting(tmp_path, group.url, 1, command=command, parts=worker()) as (instance, process):
        assert process.wait(60) == 0
        group.target = "Terminated"
        call = until(lambda: instance.said("--lifecycle-hook-name drain"))[0]
        assert call.endswith("--instance-id i-0abc --lifecycle-action-result CONTINUE")
        assert (tmp_path / "done").exists()
        assert events(instance) == ["ready", "drained"]


def test_a_process_that_ignores_sigterm_is_ended_after_its_drain(tmp_path: Path, group: Group):
    """And the journal says so."""
    command = f"trap '' TERM; {STAYS}"
    with booting(tmp_path, group.url, 1, command=command, parts=worker(drain=2)) as (instance, process):
        assert process.wait(60) == 0
        group.target = "Terminated"
        until(lambda: instance.said("--lifecycle-hook-name drain"))
        assert events(instance) == ["ready", "killed"]
        assert "it had not ended within 2 s (drain) of SIGTERM" in instance.reported()[1]["reason"]


def test_after_a_reboot_what_does_not_start_is_replaced(tmp_path: Path, group: Group):
    """No launch waits for it, and no balancer sees it."""
    command = f"[ ! -e {tmp_path}/broken ] || exit 7; {STAYS}"
    with booting(tmp_path, group.url, 1, command=command, parts=worker()) as (instance, process):
        assert process.wait(60) == 0
        (tmp_path / "broken").touch()
        with test_boot.rebooted(instance, process) as again:
            assert again.wait(60) == 1
        assert events(instance)[-1] == "failed"
        assert instance.said("set-instance-health")


def test_the_user_is_changed_by_a_command_that_does_not_stay(tmp_path: Path, group: Group):
    """runuser would kill the app two seconds after SIGTERM."""
    with booting(tmp_path, group.url, 1, command=STAYS, parts=worker(), stands_in=AS_ROOT) as (instance, process):
        assert process.wait(60) == 0
        assert instance.said("setpriv")[0].startswith("setpriv --reuid=app --regid=")
