"""The course of a drill: look, bring up, answer, prove, check and bake while cut off; compare; and always remove."""

from __future__ import annotations

import os
import signal
import time
import types
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from release.clients import FAILURES, client, described
from release.drill import checks, evidence, measures, outside
from release.drill.conclude import Seen
from release.drill.cut import Cut, cut_off
from release.drill.evidence import Bucket
from release.drill.place import Place
from release.drill.plan import Plan
from release.drill.report import Check, Report, Step
from release.engine import Engine
from release.errors import DrillError, ReleaseError
from release.rollout.estimate import roughly
from release.store.ledger import now
from release.store.replica import Peer, peer
from release.text import one_line

ANSWER = 120.0
"""Seconds for the first answer, once the engine is done."""
REMOVE = 1800.0
"""Seconds for the removal."""
_REQUEST = 10.0
_TOLD = 5.0
"""Seconds that a step must have taken the last time, so that it is worth saying how many."""
_OUTPUTS = ("url", "sha", "digest")


class _Stopped(Exception):
    """A step failed, and has said so."""


@dataclass(kw_only=True)
class Note:
    """What a step has to say."""

    detail: str = ""


class Course:
    """One drill, in its place. What it sees is in `seen`; `before` is the report of the drill before it."""

    def __init__(self, plan: Plan, place: Place, show: Callable[[str], None], before: Report | None = None) -> None:
        began = now()
        self._took = {step.name: step.seconds for step in before.steps if step.outcome == "done"} if before else {}
        self.plan, self.place, self._show = plan, place, show
        self.seen = Seen(began=began, fault_at=plan.since or began, checks=checks.not_run(plan.checks))
        self.ended_by: BaseException | None = None
        """The Ctrl-C or SIGTERM that ended it."""
        self._first: Peer | None = None
        self._replica: measures.Listing | None = None
        self._made = place.used

    def run(self) -> None:
        """Run the drill. Whatever happens, what it made is removed; Ctrl-C and SIGTERM are kept in `ended_by`."""
        if not self._done(self._clear):
            return  # what is there is in the way, and said to be left over
        self._done(self._cut_off)
        self._done(self._compare)
        with _undisturbed(self._show):
            self._remove()

    def _done(self, part: Callable[[], None]) -> bool:
        """Run a part; return whether it came to its end."""
        try:
            part()
        except _Stopped:
            return False
        except (KeyboardInterrupt, SystemExit) as end:
            self.ended_by, self.seen.by_hand = self.ended_by or end, True
            return False
        return True

    def _clear(self) -> None:
        """Remove what an earlier drill left here."""
        if self._made:
            with self._step("clear"):
                self._destroy()
            self._made = False

    def _cut_off(self) -> None:
        with cut_off(self.place.folder, self.plan.region, os.environ) as cut:
            try:
                self._recover(cut)
            finally:
                self.seen.hosts, self.seen.git = cut.hosts(), cut.git()

    def _recover(self, cut: Cut) -> None:
        """Do all that has to be done without the first region and git."""
        plan, seen = self.plan, self.seen
        with self._step("look") as note:
            self._look(note)
        engine = self._engine(cut.environment)
        with self._step("bring up") as note:
            outputs = self._bring_up(engine)
            note.detail = f"release {outputs['sha']}"
        url = outputs["url"].rstrip("/")
        with self._step("answer") as note:
            note.detail = self._first_answer(url)
        with self._step("prove") as note:
            self._prove(outputs["sha"], outputs["digest"])
            note.detail = f"{len(seen.served.proofs)} of {seen.served.wanted} instances proved it"
        if plan.checks:
            with self._step("check") as note:
                self._check(url, cut.environment)
                note.detail = f"{sum(each.outcome == 'passed' for each in seen.checks)} of {len(plan.checks)} passed"
        with self._step("bake") as note:
            seen.alarms = evidence.watch_alarms(plan.isolated.name, plan.region, plan.bake)
            note.detail = f"{sum(each.fired for each in seen.alarms)} of {len(seen.alarms)} alarms fired"

    def _look(self, note: Note) -> None:
        """See what is in the replica and what stands, as whoever has to recover would."""
        plan = self.plan
        self._replica = Bucket(name=plan.bucket, region=plan.region).listing()
        self.seen.standing, self.seen.stands = evidence.standing(plan.stack, plan.region)
        self._first = peer(plan.bucket, client("s3", plan.region))
        self.seen.first_region = self._first.region if self._first else ""
        note.detail = f"{len(self._replica.keys)} objects in the replica"

    def _engine(self, environment: Mapping[str, str]) -> Engine:
        plan, name = self.plan, self.plan.isolated.name
        return Engine(
            project=plan.project,
            stack=name,
            config=self.place.config(name),
            environment={
                **environment,
                "PULUMI_BACKEND_URL": self.place.backend,
                "PULUMI_OPTION_CONFIG_FILE": str(self.place.config(name)),
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                # A plugin that is missing is an error at once: the hosts that have it are cut off.
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_STACK": name,
                "AWS_REGION": plan.region,
                "AWS_DEFAULT_REGION": plan.region,
            },
        )

    def _bring_up(self, engine: Engine) -> Mapping[str, str]:
        """Return the outputs of the isolated stack. Raises DrillError if it does not come up."""
        plan, isolated = self.plan, self.plan.isolated
        self.place.prepare(isolated.name, isolated.text, plan.project_name)
        self._made = True
        provider = ["--secrets-provider", isolated.secrets_provider] if isolated.secrets_provider else []
        # In a folder of its own: the engine writes a stack file into the project's.
        replace(engine, project=self.place.scratch).must("stack", "init", isolated.name, *provider)
        arguments = ("up", "--yes", "--skip-preview", "--stack", isolated.name)
        ran = engine.follow(*arguments, deadline=plan.timeout, show=self._show)
        if ran.code:
            raise DrillError(ran.why)
        outputs = engine.json("stack", "output", "--stack", isolated.name)
        missing = [key for key in _OUTPUTS if not outputs.get(key)]
        if missing:
            raise DrillError(f"it is up, but has no output {' and '.join(missing)}: no instance proved a release")
        return {key: str(outputs[key]) for key in _OUTPUTS}

    def _first_answer(self, url: str) -> str:
        """Wait for the first answer of the app; 4xx is one, for an app may have no page at /."""
        deadline = time.monotonic() + ANSWER
        while True:
            status, why = outside.status(url, _REQUEST)
            if status and status < 500:
                self.seen.answered = now()
                return f"{url} answers {status}"
            if time.monotonic() > deadline:
                raise DrillError(f"{why} ({ANSWER:.0f} s long)")
            evidence.pause(1)

    def _prove(self, sha: str, digest: str) -> None:
        plan = self.plan
        self.seen.served = evidence.proofs(plan.isolated.name, plan.region, sha, digest)
        ledger_digest = Bucket(name=plan.bucket, region=plan.region).served_digest(sha, plan.follows)
        self.seen.served = replace(self.seen.served, ledger_digest=ledger_digest)

    def _check(self, url: str, environment: Mapping[str, str]) -> None:
        plan, done = self.plan, list[Check]()
        more = {"SLIPWAY_DRILL": plan.isolated.name, "AWS_REGION": plan.region, "AWS_DEFAULT_REGION": plan.region}
        for asked in plan.checks:
            done.append(checks.run(asked, url, {**environment, **more}))
            self.seen.checks = [*done, *checks.not_run(plan.checks[len(done) :])]
            self._show(f"check {asked.name}: {done[-1].outcome} {done[-1].detail}".rstrip())

    def _compare(self) -> None:
        """Tell what was contacted, end the cut-off, and compare the two regions."""
        plan, seen = self.plan, self.seen
        if plan.contacted:
            with self._step("count") as note:
                seen.calls = outside.calls_by_region(outside.told("--contacted", plan.contacted))
                note.detail = (
                    f"{seen.calls.get(seen.first_region, 0)} calls to {seen.first_region or 'the first region'}"
                )
        if plan.lift:
            with self._step("lift"):
                outside.told("--lift", plan.lift)
        if seen.by_hand or self._replica is None:
            return
        with self._step("compare") as note:
            note.detail = self._compared(self._replica)

    def _compared(self, replica: measures.Listing) -> str:
        seen = self.seen
        if self._first is None:
            seen.not_compared = f"bucket {self.plan.bucket} is replicated nowhere, so there is no first region's"
            raise DrillError(seen.not_compared)
        first = Bucket(name=self._first.bucket, region=self._first.region)
        seen.not_compared = f"the first region's store ({first.name} in {first.region}) could not be read"
        listing = first.listing()
        seen.lost = measures.lost(listing, replica, seen.fault_at)
        if seen.served.sha:
            seen.served = replace(seen.served, first_digest=first.digest(seen.served.sha))
        return f"{len(listing.keys)} objects in {first.region}, {len(seen.lost)} would have been lost"

    def _remove(self) -> None:
        """Remove the isolated stack, or say how it can be removed by hand."""
        if not self._made:
            self.place.clear()
            return
        try:
            with self._step("remove") as note:
                self._destroy()
                note.detail = "nothing is left over"
        except _Stopped:
            pass
        except (KeyboardInterrupt, SystemExit) as end:
            self.ended_by, self.seen.by_hand = end, True

    def _destroy(self) -> None:
        engine, name = self._engine(dict(os.environ)), self.plan.isolated.name
        self.seen.left_over = (engine.command("destroy", "--yes"),)
        engine.ask("cancel", "--yes", "--stack", name)  # an update that was killed holds a lock
        ran = engine.follow("destroy", "--yes", "--skip-preview", "--stack", name, deadline=REMOVE, show=self._show)
        if ran.code:
            raise DrillError(ran.why)
        left = evidence.left_over(name, self.plan.region)
        if left:
            raise DrillError(f"still there: {', '.join(left)}")
        self.seen.left_over = ()
        self.place.clear()

    @contextmanager
    def _step(self, name: str) -> Generator[Note]:
        """Note when a part began and ended, and how. Raises _Stopped if it fails."""
        began, note, outcome = now(), Note(), "ended"
        took = self._took.get(name, 0.0)
        self._show(f"--- {name} ({roughly(took)} the last time)" if took >= _TOLD else f"--- {name}")
        try:
            yield note
            outcome = "done"
        except (ReleaseError, OSError, *FAILURES) as error:
            outcome, note.detail = "failed", one_line(described(error), 600)
            self._show(f"{name} failed: {note.detail}")
            raise _Stopped from None
        finally:
            self.seen.steps.append(Step(name=name, began=began, ended=now(), outcome=outcome, detail=note.detail))


@contextmanager
def _undisturbed(show: Callable[[str], None]) -> Generator[None]:
    """Let the first Ctrl-C or SIGTERM only say what is going on; the second one ends it."""
    asked: list[int] = []

    def answer(number: int, _frame: types.FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        show("what the drill made is being removed; interrupt once more to leave it there")

    before = {number: signal.signal(number, answer) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
