"""The release that is running, and a mark that tells it from another at a glance."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """The release, as the environment describes it."""

    sha: str
    digest: str
    instance: str

    @staticmethod
    def from_environment() -> Release:
        """Read the environment. What is not set becomes `unreleased`, because the shop also runs on a laptop."""
        return Release(
            sha=os.environ.get("RELEASE_SHA", "unreleased"),
            digest=os.environ.get("RELEASE_DIGEST", "unreleased"),
            instance=os.environ.get("INSTANCE_ID", "this computer"),
        )

    def mark(self) -> str:
        """Return an SVG: a mirrored pattern of five by five, and a colour, both derived from the SHA."""
        bits = int(hashlib.sha256(self.sha.encode()).hexdigest(), 16)
        cells = []
        for row in range(5):
            for column in range(3):
                if bits >> (row * 3 + column) & 1:
                    cells += [f"M{x} {row}h1v1h-1z" for x in {column, 4 - column}]
        colour = f"hsl({(bits >> 20) % 360} 55% 45%)"
        return (
            f'<svg class="mark" viewBox="0 0 5 5" aria-hidden="true"><path fill="{colour}" d="{"".join(cells)}"/></svg>'
        )
