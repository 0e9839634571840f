"""Run `python -m sandbox`."""

import io
import sys

try:
    from sandbox.control.cli import main
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] in ("sandbox", "release", "infra"):
        raise
    sys.exit(f"error: {sys.executable} has no {missing.name}: use .venv/bin/python, or run `make shell` first")

for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):  # a character the terminal cannot show must not end the command
        stream.reconfigure(errors="backslashreplace")
sys.exit(main())
