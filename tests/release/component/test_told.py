"""With which status the program leaves: 32 says to Pulumi that the user was told."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.sandbox

PROGRAM = """
import sys
from release.component import told
from release.errors import ReleaseError

told.leave_with_one_error()
{line}
sys.exit({status})
"""


@pytest.mark.parametrize(
    ("line", "status", "left"),
    [
        ("told.run_error(ReleaseError('does not serve'))", 1, 32),  # what Pulumi's runtime does after a RunError
        ("", 1, 1),  # something else went wrong, of which nobody was told
        ("", 0, 0),
    ],
)
def test_an_error_is_told_once(line: str, status: int, left: int):
    """Any other status than 32 makes Pulumi add "an unhandled error occurred"."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM.format(line=line, status=status)], check=False)
    assert ran.returncode == left


def test_the_text_is_the_errors_own():
    """Pulumi shows it as it is."""
    from release.component import told
    from release.errors import ReleaseError

    assert str(told.run_error(ReleaseError("fleet web does not serve"))) == "fleet web does not serve"
