"""A real app (Django: web, worker and release lines) is deployed ten times while it serves and has 1,000 jobs to do."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from release.store.notes import Note, Notes
from tests.engine.conftest import PROJECT, Load, Sandbox, commit, fresh_sandbox, git
from tests.waiting import until

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(2400)]

DEPLOYS = 10
JOBS = 1000
RATE = 20  # requests a second
SHORT, LONG = 0.5, 120  # seconds of a job; the long one is longer than a deploy, and than the workers' drain
STACK = {
    "DJANGO_ALLOWED_HOSTS": "*",
    "DJANGO_PLAIN_HTTP": "1",  # there is no domain
    "PYTHONPATH": "vendor",
    "PYTHONDONTWRITEBYTECODE": "1",
}
QUICK: dict[str, Any] = {
    "size": {"min": 2, "max": 4},
    "packages": ["python3.12"],
    "bootTimeout": 120,
    "drain": 10,
    "health": {"interval": 5, "timeout": 2},
    "rollout": {"warmup": 0, "bake": 0, "timeout": 300},
}


@dataclass
class App:
    """The app's repository, its sandbox, and the database that all its instances share."""

    repository: Path
    sandbox: Sandbox
    database: Path

    def deploy(self) -> str:
        """Deploy a new commit, which has to succeed, and return its SHA."""
        sha = commit(self.repository, "next")
        ran = self.sandbox.up(sha, self.repository, timeout=400)
        assert ran.code == 0, ran.said
        return sha

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """What the database says, as an operator would ask it."""
        with sqlite3.connect(self.database, timeout=30) as database:
            return database.execute(query).fetchall()

    def phases(self) -> list[Note]:
        """What the ledger says of the runs of the release line."""
        bucket = self.sandbox.outputs()["bucket"]
        return Notes(bucket, "phases", self.sandbox.client("s3")).newest("sandbox", 4 * DEPLOYS)

    def order(self, url: str, seconds: float) -> None:
        """Have the web process leave a job for the workers."""
        request = urllib.request.Request(f"{url}/orders?seconds={seconds}", method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 202


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The recipe's app with its packages, which a build would fetch anew for each commit."""
    python = shutil.which("python3.12")
    if python is None or subprocess.run([python, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("this machine has no python3.12")
    folder = tmp_path_factory.mktemp("deploy-day")
    repository, database = folder / "app", folder / "shop.sqlite3"
    shutil.copytree(PROJECT / "examples" / "apps" / "django", repository, ignore=shutil.ignore_patterns("vendor"))
    subprocess.run(["bash", "build.sh"], cwd=repository, check=True)
    git(repository, "init", "--quiet", "--initial-branch=main")
    with sqlite3.connect(database) as made:
        made.execute("PRAGMA journal_mode=WAL")  # as a server of databases: readers do not wait for the writer
    with fresh_sandbox(folder / "slipway") as sandbox:
        file = sandbox.checkout / "Pulumi.sandbox.yaml"
        settings = yaml.safe_load(file.read_text())
        # No secrets: there is nothing to hide, and a recipe's own test has them.
        told = {**STACK, "SECRET_KEY": "x" * 50, "DATABASE_URL": f"sqlite:///{database}?timeout=30"}
        web = {**QUICK, "environment": told}
        settings["config"]["slipway:fleets"] = {"web": web, "worker": {**web, "routes": "none"}}
        file.write_text(yaml.safe_dump(settings, sort_keys=False))
        yield App(repository=repository, sandbox=sandbox, database=database)


def test_ten_deploys_under_load_do_each_job_once_and_fail_no_request(app: App):
    """Nobody migrated by hand; what a worker could not finish in its time was handed back, and done by another."""
    app.deploy()
    url = app.sandbox.url()
    load = Load(url, RATE, seconds=2000)
    took: list[float] = []
    for number in range(DEPLOYS):
        # The long one first: it is begun, and in the last deploy it is not done when its worker has to go.
        jobs = [LONG if number == DEPLOYS - 1 else SHORT, *[SHORT] * (JOBS // DEPLOYS - 1)]
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(partial(app.order, url), jobs))
        began = time.monotonic()
        app.deploy()
        took.append(time.monotonic() - began)
    until(lambda: app.ask("select count(*) from shop_job where done_at is null") == [(0,)], seconds=240)
    answers = load.end()
    tried = app.ask("select id, tries, returned from shop_job")
    assert answers["failed"] == {}
    assert len(answers["releases"]) == DEPLOYS + 1
    assert len(tried) == JOBS
    assert app.ask("select count(distinct job_id), count(*) from shop_confirmation") == [(JOBS, JOBS)]
    assert [job for job in tried if job[1] != job[2] + 1] == []  # none was lost with its worker, to be begun again
    returned = sum(job[2] for job in tried)
    assert returned > 0
    phases = Counter((note.what, note.facts["sha"]) for note in app.phases())
    assert {what for what, _ in phases} == {"began", "succeeded"}
    assert len(phases) == sum(phases.values()) == 2 * (DEPLOYS + 1)  # each release once
    print(
        f"FIGURE deploy day: {sum(answers['releases'].values())} requests, {JOBS} jobs, {returned} times handed back, "
        f"{DEPLOYS} deploys of {min(took):.0f} to {max(took):.0f} s"
    )
