"""Release phases with the real engine and a real database: once, before anything is replaced, or nothing is.

The first test is part of `make test`; each of the others begins with a release that serves, and leaves one that serves.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from release import names
from release.store.notes import Note, Notes
from tests.engine.conftest import Ran, Sandbox, commit, fresh_sandbox
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

WEB = "python3 -m shop"
MIGRATE = """\
import os, sqlite3, sys, time
with sqlite3.connect({database!r}, timeout=30) as database:
    database.execute("INSERT INTO runs VALUES (?)", [os.environ["RELEASE_SHA"]])
database.close()
print("migrating to", os.environ["RELEASE_SHA"], flush=True)
{then}
print("migrated", flush=True)
"""
HANGS = "time.sleep(600)"
FAILS = "sys.exit('no such column: price')"


@dataclass
class Shop:
    """The shop with a `release:` line, in a sandbox, and the database that its releases share."""

    sandbox: Sandbox
    database: Path
    first: Ran
    """The `make up` that made the fleet."""
    good: str = ""
    """The release that serves."""

    def runs(self, sha: str) -> int:
        """How often the release line of a commit was run."""
        with sqlite3.connect(self.database, timeout=30) as database:
            return database.execute("SELECT count(*) FROM runs WHERE sha = ?", [sha]).fetchone()[0]

    def phases(self) -> list[str]:
        """The instances of release phases that are there yet."""
        filters: list[Any] = [
            {"Name": "tag-key", "Values": [names.PHASE_TAG]},
            {"Name": "instance-state-name", "Values": ["pending", "running", "shutting-down", "stopping", "stopped"]},
        ]
        shown = self.sandbox.client("ec2").describe_instances(Filters=filters)["Reservations"]
        return [each["InstanceId"] for some in shown for each in some["Instances"]]

    def noted(self) -> list[Note]:
        """What the store has of release phases, the newest first."""
        bucket = self.sandbox.outputs()["bucket"]
        return Notes(bucket, "phases", self.sandbox.client("s3")).newest("sandbox", 99)

    def launched(self) -> datetime:
        """When the fleet's first instance was, in whole seconds."""
        ids = list(self.sandbox.instances())
        shown = self.sandbox.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
        return min(each["LaunchTime"] for some in shown for each in some["Instances"])

    def serving(self) -> tuple[dict[str, str], int, str]:
        """The fleet's instances, how many refreshes there were, and what answers."""
        return self.sandbox.instances(), len(self.sandbox.refreshes()), self.sandbox.serves()

    def deploy(self) -> str:
        """Deploy a good release, and return its SHA."""
        sha = release(self.sandbox.checkout, self.database)
        ran = self.sandbox.up()
        assert ran.code == 0, ran.said
        self.good = sha
        return sha

    def begin(self, sha: str, how: str) -> subprocess.Popen[str]:
        """Begin `make up` or a plain `pulumi up`, in a process group of its own, as a shell does."""
        program = f'eval "$({sys.executable} -m sandbox env)" && SLIPWAY_SHA={sha} exec pulumi up --yes --skip-preview'
        command = ["make", "up", f"SHA={sha}"] if how == "make" else ["bash", "-c", f"{program} --non-interactive"]
        return subprocess.Popen(
            command,
            cwd=self.sandbox.checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def release(checkout: Path, database: Path, then: str = "", web: str = WEB) -> str:
    """Commit a release whose migration counts itself and does `then`; return its SHA."""
    shop = checkout / "examples" / "shop"
    (shop / "Procfile").write_text(f"web: {web}\nrelease: python3 migrate.py\n")
    (shop / "migrate.py").write_text(MIGRATE.format(database=str(database), then=then))
    return commit(checkout, f"migrates: {then}")


def ended(process: subprocess.Popen[str]) -> Ran:
    """How a command ended that was begun."""
    said, _ = process.communicate(timeout=240)
    print(said)
    return Ran(process.returncode, said)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A sandbox with a quick fleet, made by its first `make up`."""
    database = tmp_path_factory.mktemp("database") / "shop.sqlite3"
    with sqlite3.connect(database) as made:
        made.execute("CREATE TABLE runs (sha TEXT)")
    made.close()
    with fresh_sandbox(tmp_path_factory.mktemp("slipway")) as sandbox:
        file = sandbox.checkout / "Pulumi.sandbox.yaml"
        given = yaml.safe_load(file.read_text())
        del given["config"]["slipway:artifacts"]["replica"]
        given["config"]["slipway:fleets"]["web"]["size"] = {"min": 1, "max": 2}
        given["config"]["slipway:release"] = {"timeout": 60}
        file.write_text(yaml.safe_dump(given))
        sha = release(sandbox.checkout, database)
        yield Shop(sandbox, database, sandbox.up(), good=sha)


def test_it_runs_once_before_the_first_instance_and_a_failure_replaces_nothing(shop: Shop):
    """Its output is shown as it comes; a release whose line fails leaves instances and answers as they are."""
    assert shop.first.code == 0, shop.first.said
    said = shop.first.said
    assert said.index(f"release | migrating to {shop.good}") < said.index("release | migrated")
    assert said.index("release | migrated") < said.index(f"serving {shop.good}")
    assert (shop.runs(shop.good), shop.phases()) == (1, [])
    done, began = shop.noted()
    assert (done.what, began.what) == ("succeeded", "began")
    assert done.at.replace(microsecond=0) <= shop.launched()
    before = shop.serving()
    bad = release(shop.sandbox.checkout, shop.database, FAILS)
    ran = shop.sandbox.up()
    assert ran.code != 0
    assert "release | no such column: price" in ran.said
    assert (
        f"the release phase of {bad} failed, so that nothing was replaced: `python3 migrate.py` ended with 1"
        in ran.said
    )
    assert "Traceback" not in ran.said
    assert (shop.serving(), shop.phases()) == (before, [])
    assert (shop.runs(shop.good), shop.runs(bad)) == (1, 1)


@pytest.mark.reliability
def test_a_release_that_ran_it_does_not_run_it_again(shop: Shop):
    """Not with the same `up` again, not when the rollout after it failed; SLIPWAY_RELEASE_AGAIN insists."""
    good = shop.good
    before = shop.serving()
    assert shop.sandbox.up().code == 0
    assert (shop.runs(good), shop.serving()) == (1, before)
    bad = release(shop.sandbox.checkout, shop.database, web="python3 -c 'raise SystemExit(\"no database\")'")
    first, second = shop.sandbox.up(), shop.sandbox.up()
    assert (first.code != 0, second.code != 0) == (True, True)
    assert f"the release phase of {bad[:12]} has run (" in second.said
    assert shop.runs(bad) == 1
    assert "has run (" not in shop.sandbox.up(SLIPWAY_RELEASE_AGAIN="1").said
    assert (shop.runs(bad), shop.serving()[2]) == (2, good)


@pytest.mark.reliability
def test_one_that_hangs_is_ended_at_its_deadline(shop: Shop):
    """The command and its instance; nothing is replaced."""
    before = shop.serving()
    bad = release(shop.sandbox.checkout, shop.database, HANGS)
    changed = shop.sandbox.shell("pulumi config set --path slipway:release.timeout 10")
    assert changed.code == 0, changed.said
    ran = shop.sandbox.up()
    assert shop.sandbox.shell("pulumi config set --path slipway:release.timeout 60").code == 0
    assert ran.code != 0
    assert f"release | migrating to {bad}" in ran.said
    assert "it was not done within 10 s (release.timeout is 10 s)" in ran.said
    assert (shop.serving(), shop.phases(), shop.runs(bad)) == (before, [], 1)


@pytest.mark.reliability
@pytest.mark.parametrize("how", ["pulumi", "make"])
def test_ctrl_c_in_the_middle_leaves_nothing(shop: Shop, how: str):
    """No instance, no lock, nothing replaced; the next `up` runs it anew."""
    before = shop.serving()
    stopped = release(shop.sandbox.checkout, shop.database, HANGS)
    process = shop.begin(stopped, how)
    until(lambda: shop.runs(stopped), 120)
    os.killpg(process.pid, signal.SIGINT)
    ran = ended(process)
    assert ran.code != 0
    assert "stopped by Ctrl-C in the release phase" in ran.said
    assert "Traceback" not in ran.said
    assert (shop.serving(), shop.phases(), shop.runs(stopped)) == (before, [], 1)
    assert ended(shop.begin(shop.good, "pulumi")).code == 0
    assert shop.serving() == before


@pytest.mark.reliability
def test_two_deployers_at_once_run_it_once(shop: Shop):
    """Of one release, within a second: the state's lock lets one of them in, and the other is told."""
    sha = release(shop.sandbox.checkout, shop.database)
    both = [ended(each) for each in [shop.begin(sha, "pulumi"), shop.begin(sha, "pulumi")]]
    assert sorted(each.code == 0 for each in both) == [False, True], both
    assert "currently locked" in next(each.said for each in both if each.code)
    shop.good = sha
    assert (shop.runs(sha), shop.phases(), shop.sandbox.serves()) == (1, [], sha)


@pytest.mark.reliability
def test_a_second_deployer_who_takes_the_lock_follows_the_first_ones(shop: Shop):
    """`pulumi cancel` while it runs, then the same `up`: one instance, which both follow, and one run."""
    sha = release(shop.sandbox.checkout, shop.database, "time.sleep(20)")
    first = shop.begin(sha, "pulumi")
    until(lambda: shop.runs(sha), 120)
    cancelled = shop.sandbox.shell("pulumi cancel --yes")
    assert cancelled.code == 0, cancelled.said
    second = ended(shop.begin(sha, "pulumi"))
    ended(first)
    assert "is under way already on i-" in second.said
    shop.good = sha
    assert (shop.runs(sha), shop.phases(), shop.sandbox.serves()) == (1, [], sha)


@pytest.mark.reliability
def test_a_rollback_does_not_run_it_and_says_so(shop: Shop):
    """What the release phase changed stays, and whoever rolls back is told."""
    old = shop.good
    new = shop.deploy()
    ran = shop.sandbox.shell("python -m release rollback")
    assert ran.code == 0, ran.said
    assert (
        f"the release phase does not run, and what it has changed stays: the last one was that of {new[:12]}"
        in ran.said
    )
    shop.good = old
    assert (shop.runs(old), shop.runs(new), shop.sandbox.serves()) == (1, 1, old)
