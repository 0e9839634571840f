"""What another tool found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """A rule that something breaks. `stack` is `workflows` for those, and `resource` the name of their file."""

    stack: str
    id: str
    resource: str
    title: str

    def __str__(self) -> str:
        return f"{self.stack}: {self.id} on {self.resource}: {self.title}"
