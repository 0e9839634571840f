"""The thread that makes things happen in their own time; in a region that is dark, nothing does."""

import logging
import threading

from sandbox.aws.autoscaling import controller as autoscaling
from sandbox.aws.cloudwatch.models import all_cloudwatch
from sandbox.aws.ec2.models import all_ec2
from sandbox.aws.elbv2.models import all_elbv2
from sandbox.aws.faults.models import switchboard
from sandbox.aws.state import Tick, clock, state

log = logging.getLogger(__name__)
IDLE = 60.0
AFTER_AN_ERROR = 1.0


class Controller:
    """Passes over everything whenever something changed, and when something is due."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)

    def start(self) -> None:
        """Start the thread; it ends with the process."""
        self._thread.start()

    def _run(self) -> None:
        while True:
            with state.changed:
                seen = state.generation
                due = self._advance()
                if state.generation == seen:
                    state.changed.wait(max(0.0, due - clock()))

    @staticmethod
    def _advance() -> float:
        tick = Tick(clock())
        dark = switchboard.now.dark
        try:
            for backend in (*all_ec2(), *all_elbv2(), *all_cloudwatch()):
                if backend.region_name not in dark:
                    backend.advance(tick)
            autoscaling.advance(tick, dark)
        except Exception:  # one broken group must not stop all others for good
            log.exception("a pass of the controller failed")
            return clock() + AFTER_AN_ERROR
        return tick.due if tick.due is not None else clock() + IDLE
