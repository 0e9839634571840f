"""The error that the sandbox's commands end with."""

from __future__ import annotations


class SandboxError(Exception):
    """One line for the user: what is wrong, where, and what mends it. Never shown as a traceback."""


def unwritten(error: OSError) -> str:
    """A file or folder that could not be made, read or written: which, why, and what can be chosen otherwise."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; the checkout must be writable, and HOME too, or SLIPWAY_CACHE=FOLDER"
