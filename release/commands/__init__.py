"""The commands of `python -m release`."""
