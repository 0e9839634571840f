"""The error that ends a command of the sandbox."""

from __future__ import annotations


class SandboxError(Exception):
    """One line for the user, shown without a traceback: what is wrong, where, and how to fix it."""


def describe(error: OSError) -> str:
    """Say which file or folder could not be made, read or written, why, and how to fix it."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; the checkout and HOME must be writable (or set SLIPWAY_CACHE=FOLDER)"
