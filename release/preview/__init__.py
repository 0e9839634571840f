"""What an `up` would do to a stack, for those who review it."""
