"""Has the engine preview a stack, and returns what it said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from release.engine import Engine, Ran
from release.errors import EngineError
from release.preview import events
from release.preview.events import Previewed

STREAMING = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
"""Makes `--json` an event a line (Pulumi's documentation, "Environment variables")."""
DEADLINE = 1200.0
"""Seconds for a preview: a build step runs in it, which may take some minutes."""


def preview(
    engine: Engine,
    *arguments: str,
    save_plan: Path | None = None,
    deadline: float = DEADLINE,
    show: Callable[[str], None] = lambda _: None,
) -> Previewed:
    """Return what `pulumi preview` says; of one that failed, what it came to, with `complete` False and its errors.

    Raises EngineError if the engine said nothing of the program, as where there is no such stack.
    """
    plan = () if save_plan is None else ("--save-plan", str(save_plan.absolute()))
    ran, said = asked(engine, "preview", *plan, *arguments, deadline=deadline, show=show)
    found = events.read(said)
    if ran.code and not (found.errors or found.violations):
        raise EngineError(f"pulumi preview: {ran.why}")
    return found if not ran.code else replace(found, complete=False)


def asked(
    engine: Engine, *arguments: str, deadline: float, show: Callable[[str], None] = lambda _: None
) -> tuple[Ran, str]:
    """Run a command that tells its events; return how it ended, and the events for `events.read`.

    Raises EngineError at the deadline.
    """
    streaming = replace(engine, environment={**engine.environment, **STREAMING})
    stack = ("--stack", engine.stack) if engine.stack else ()
    return streaming.answer(*arguments, "--json", *stack, deadline=deadline, show=show)
