"""Checks Markdown as GitHub reads it: what is opened is closed, in order, and tables have as many cells in each row."""

from __future__ import annotations

import re

_CODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
_FENCE = re.compile(r"(`{3,})([^`]*)$")


def check(page: str) -> None:
    """Fails if the page would not be shown as it is meant."""
    fence, details, columns = "", 0, 0
    for line in page.splitlines():
        found = _FENCE.match(line)
        if fence:
            fence = "" if line.rstrip() == fence else fence
            continue
        if found:
            fence = found[1]
        assert not line.startswith("    "), f"would be code: {line}"
        text = _CODE.sub("", line)
        details += text.count("<details>") - text.count("</details>")
        assert details in (0, 1), line
        if line.startswith("| "):
            cells = len(re.findall(r"(?<!\\)\|", line))
            assert columns in (0, cells), line
            columns = cells
        else:
            columns = 0
    assert not fence, "a block of code is not closed"
    assert details == 0, "a collapsed part is not closed"
