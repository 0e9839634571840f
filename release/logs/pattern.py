"""What CloudWatch Logs is asked to look for, so that it need not send everything. Pure.

Source: CloudWatch Logs user guide, "Filter pattern syntax", which lists what a regular expression may have in it. There
is no way to write each text, so AWS is asked for a part of it, and what it finds is looked through here.
"""

from __future__ import annotations

import re

_SAFE = re.compile(r"[A-Za-z0-9_#=@/;,-]+")
LONGEST = 200
"""Characters of such a part; a pattern has at most 1,024."""


def pushed(text: str) -> str | None:
    """Return a filter pattern that finds every event in which the text is, and others; None if there is none."""
    part = max(_SAFE.findall(text), key=len, default="")
    return f"%{part[:LONGEST]}%" if part else None
