"""The Pulumi engine: found on this machine, or put there."""

from __future__ import annotations

from sandbox.engine.acquire import Engine, ensure, find

__all__ = ["Engine", "ensure", "find"]
