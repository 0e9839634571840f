"""Run `python -m sandbox.audit`. It stands apart from `python -m sandbox`, which starts in half the time without it."""

import signal
import sys
import types

from sandbox.errors import SandboxError, describe


def _interrupt(_number: int, _frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt


try:
    from sandbox.audit import checks
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] in ("sandbox", "release", "policy"):
        raise
    sys.exit(f"error: {sys.executable} has no {missing.name}: use .venv/bin/python, or run `make shell` first")

signal.signal(signal.SIGTERM, _interrupt)
try:
    sys.exit(checks.run(checks.parser().parse_args()))
except (SandboxError, OSError) as error:
    sys.exit(f"error: {error if isinstance(error, SandboxError) else describe(error)}")
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
    sys.exit(130)
