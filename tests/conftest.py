"""What all tests share."""

import os
import signal
import sys
from collections.abc import Generator

import pytest
from hypothesis import is_hypothesis_test, settings

# A busy machine is no failure: the number of examples bounds the time, not each example's duration.
settings.register_profile("slipway", deadline=None, max_examples=60)
settings.load_profile("slipway")

# Whoever ends the tests (Ctrl-C, also in the background where a shell has it ignored; kill) ends their sandboxes too.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler)

# What the user's shell asks the program for (as `make shell` sets it) is not what the tests ask for.
for name in ("BUCKET", "BY", "DIRECTORY", "REPOSITORY", "SHA", "SUPERSEDE"):
    os.environ.pop(f"SLIPWAY_{name}", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage during property tests: on Python 3.11 that takes longer than all the rest."""
    tracer = sys.gettrace()
    measured = tracer is None or not is_hypothesis_test(getattr(item, "obj", None))
    if not measured:
        sys.settrace(None)
    try:
        return (yield)
    finally:
        if not measured:
            sys.settrace(tracer)
