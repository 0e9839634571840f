"""`python -m release`: publish releases, and see what is there. Exit status 0, 1 for an error, 2 for wrong usage.

A command may have more of its own, which its help says.
"""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Sequence
from types import FrameType

try:
    from release.clients import FAILURES, described
    from release.commands import parser
    from release.commands.output import tell
    from release.errors import ReleaseError
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] == "release":
        raise
    sys.exit(f'error: {sys.executable} has no {missing.name}: use .venv/bin/python (README.md, "On AWS")')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    parsed = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal has no letter for is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        return parsed.run(parsed) or 0
    except ReleaseError as error:
        tell(f"error: {error}")
        return 1
    except FAILURES as error:
        tell(f"error: AWS could not be asked: {described(error)}")
        return 1
    except KeyboardInterrupt:
        tell("interrupted")
        return 130
    except BrokenPipeError:
        return 1


def _leave(number: int, _frame: FrameType | None) -> None:
    # As an exception, so that a build is ended and its copy removed.
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
