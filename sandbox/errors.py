"""The error that the sandbox's commands end with."""

from __future__ import annotations


class SandboxError(Exception):
    """One line for the user: what is wrong, where, and what mends it. Never shown as a traceback."""
