"""The release in the stack: the only part of `release` that knows Pulumi."""
