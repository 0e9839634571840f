"""Find the Pulumi engine on this machine, or obtain it."""

from __future__ import annotations

from sandbox.engine.acquire import Engine, ensure, find

__all__ = ["Engine", "ensure", "find"]
