"""A ref becomes a commit."""
