"""Tests of release/drill/course.py: what is left undone, and that the report comes in any case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from release.drill import conclude, place
from release.drill.course import Course
from release.drill.isolated import Isolated
from release.drill.place import Place
from release.drill.plan import Asked, Plan
from release.drill.report import ENDED, FOUND, Report, intact, to_json
from release.store.ledger import now

PULUMI = """\
#!/bin/sh
echo "$*" >>{log}
case "$1" in
  destroy) {destroy} ;;
  up) {up} ;;
esac
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Place]:
    with place.alone(tmp_path / "place") as found:
        yield found


Drill = Callable[..., Report]


@pytest.fixture
def drill(tmp_path: Path, bucket: str, held: Place, monkeypatch: pytest.MonkeyPatch) -> Drill:
    """The report of a drill with an engine that does as it is told, in a bucket that is replicated nowhere."""
    monkeypatch.setenv("PATH", f"{tmp_path}/programs:/usr/bin:/bin")
    (tmp_path / "programs").mkdir()
    plan = Plan(
        stack="dr",
        follows="prod",
        region="eu-west-1",
        bucket=bucket,
        project=tmp_path,
        project_name="slipway",
        isolated=Isolated(name="dr-drill", text="config: {}\n", changed=(), secrets_provider=""),
        posture="warm",
        domain=None,
        rto=900,
        rpo=60,
        checks=[Asked(name="db", command="psql", url=None, timeout=5)],
        bake=0,
        interval=31,
        scope=(),
        since=now() - timedelta(seconds=60),
        lift=f"echo lifted >>{tmp_path}/log",
        contacted="echo '{\"eu-west-1\": 0}'",
        timeout=20,
        by="ada",
        caller=None,
        versions={},
    )

    def run(
        up: str = "exit 0",
        destroy: str = "exit 0",
        show: Callable[[str], None] = print,
        before: Report | None = None,
    ) -> Report:
        program = tmp_path / "programs" / "pulumi"
        program.write_text(PULUMI.format(log=tmp_path / "log", up=up, destroy=destroy))
        program.chmod(0o755)
        course = Course(plan, held, show, before)
        course.run()
        return conclude.report(plan, course.seen, now(), None)

    return run


def outcomes(report: Report) -> dict[str, str]:
    return {step.name: step.outcome for step in report.steps}


def ids(report: Report) -> list[str]:
    return [finding.id for finding in report.findings]


@pytest.mark.sandbox
def test_a_stack_that_does_not_come_up(drill: Drill, tmp_path: Path, held: Place):
    """The engine's reason is the finding, nothing after it is run, the cut-off ends, what there is goes."""
    report = drill(up='echo "error: VpcLimitExceeded" ; exit 255')
    assert outcomes(report) == {
        "look": "done",
        "bring up": "failed",
        "count": "done",
        "lift": "done",
        "compare": "failed",
        "remove": "done",
    }
    assert report.outcome == FOUND
    assert ids(report) == ["step.bring up", "step.compare", "unknown.rto", "unknown.rpo"]
    assert "VpcLimitExceeded" in report.findings[0].text
    assert [check.outcome for check in report.checks] == ["not run"]
    said = (tmp_path / "log").read_text().splitlines()
    assert [line.split()[0] for line in said] == ["stack", "up", "lifted", "cancel", "destroy"]
    assert not held.used
    assert intact(to_json(report))


@pytest.mark.sandbox
def test_each_step_says_how_long_it_took_the_last_time(drill: Drill):
    """Where the drill before had it, and it took long enough to wait for."""
    failing = "echo no; exit 255"
    first, said = drill(up=failing), list[str]()
    look = first.steps[0]
    before = replace(first, steps=[replace(look, ended=look.began + timedelta(seconds=95)), *first.steps[1:]])
    drill(up=failing, show=said.append, before=before)
    assert "--- look (about 2 min the last time)" in said
    assert "--- remove" in said


@pytest.mark.sandbox
def test_what_can_not_be_removed_is_named_and_removed_next_time(drill: Drill, held: Place):
    """The finding has the command; the state stays, and the next drill begins by removing what is left there."""
    report = drill(up="exit 1", destroy='echo "error: DependencyViolation"; exit 1')
    assert {"step.remove", "left-over"} <= set(ids(report))
    assert "pulumi destroy --yes --stack dr-drill --config-file" in report.left_over[0]
    assert held.used
    again = drill(up="exit 1", destroy="exit 1")
    assert outcomes(again) == {"clear": "failed"}
    assert "left-over" in ids(again)
    third = drill(up="exit 1")
    assert outcomes(third)["clear"] == "done"
    assert third.left_over == ()
    assert not held.used


@pytest.mark.sandbox
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_a_drill_that_is_ended(drill: Drill, held: Place, interrupt: type[BaseException]):
    """By Ctrl-C or SIGTERM: nothing is compared or measured, the cut-off ends, what there is goes."""

    def show(line: str) -> None:
        if line == "--- bring up":
            raise interrupt

    report = drill(show=show)
    assert report.outcome == ENDED
    assert (outcomes(report)["lift"], "compare" in outcomes(report)) == ("done", False)
    assert ids(report) == []
    assert not held.used
