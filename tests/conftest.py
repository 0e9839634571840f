"""What all tests share."""

import signal

from hypothesis import settings

# A busy machine is no failure: the number of examples bounds the time, not each example's duration.
settings.register_profile("slipway", deadline=None, max_examples=60)
settings.load_profile("slipway")

# Whoever ends the tests (Ctrl-C, also in the background where a shell has it ignored; kill) ends their sandboxes too.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler)
