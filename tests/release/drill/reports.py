"""A report of a drill that passed, to be varied by tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from release.drill.report import PASSED, AlarmState, Check, Host, Measure, Proof, Report, Served, Step

AT = datetime(2026, 5, 6, 3, 0, tzinfo=timezone.utc)
SHA, DIGEST = "a" * 40, "d" * 64


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def step(name: str, began: float, ended: float, outcome: str = "done", detail: str = "") -> Step:
    return Step(name=name, began=at(began), ended=at(ended), outcome=outcome, detail=detail)


def rto(measured: float | None, objective: float | None = 900) -> Measure:
    return Measure(name="RTO", objective=objective, measured=measured, how="as it is")


def rpo(measured: float | None, objective: float | None = 60) -> Measure:
    return Measure(name="RPO", objective=objective, measured=measured, how="as it is")


def report(**changes: Any) -> Report:
    """A report without a finding, except for what is changed."""
    proofs = tuple(Proof(fleet="web", instance=f"i-{n}", digest=DIGEST) for n in range(3))
    good = Report(
        stack="dr",
        follows="prod",
        region="eu-central-1",
        first_region="eu-west-1",
        bucket="replica",
        drilled="dr-drill",
        scenario="The region eu-west-1 and every git host are gone.",
        fault_at=AT,
        began=at(5),
        ended=at(700),
        outcome=PASSED,
        by="ada",
        caller="arn:aws:sts::123456789012:assumed-role/drill/ada",
        versions={"pulumi": "3.260.0", "slipway": "f" * 40},
        posture="warm",
        stands="warm (slipway-dr-web with 3 instances)",
        scope=("the fleet web",),
        changed=("loadBalancer: plain HTTP",),
        measures=(rto(540.0), rpo(0.0)),
        served=Served(sha=SHA, digest=DIGEST, ledger_digest=DIGEST, first_digest=DIGEST, wanted=3, proofs=proofs),
        steps=(step("look", 5, 6), step("bring up", 6, 530), step("answer", 530, 540), step("remove", 600, 700)),
        checks=(Check(name="checkout", what="{url}/checkout", outcome="passed", seconds=0.2),),
        alarms=(AlarmState(name="slipway-dr-drill-web-errors", state="OK", fired=False),),
        bake=60,
        hosts=(Host(name="ec2.eu-central-1.amazonaws.com", scope="second region", asked=12),),
        git=(),
        calls={"eu-central-1": 200},
        lost=(),
        not_tested=("The users' data.",),
        findings=(),
        earlier=(),
        left_over=(),
        next_due=at(31 * 86400),
    )
    return replace(good, **changes)
