"""What all tests share."""

from hypothesis import settings

# A busy machine is no failure: the number of examples bounds the time, not each example's duration.
settings.register_profile("slipway", deadline=None, max_examples=60)
settings.load_profile("slipway")
