"""`python -m sandbox`."""

import io
import sys

from sandbox.cli import main

for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):  # what a terminal has no letter for is no reason to fail
        stream.reconfigure(errors="backslashreplace")
sys.exit(main())
