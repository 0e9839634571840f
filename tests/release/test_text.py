"""Whatever strangers write can be shown: in a terminal, in a table, as UTF-8."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.text import clean, one_line

ANYTHING = st.text(st.characters())  # lone surrogates and controls among them


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Datenbank k\udcf6nig fehlt", "Datenbank k\ufffdnig fehlt"),
        ("\x1b[31mred\x1b[0m\x1b]0;title\x07", "red"),
        ("a\x00b\x07c\x9bd\x7f", "abcd"),
        ("one\r\ntwo\rthree\tfour\u2028five", "one\ntwo three four five"),
        ("\u202eevil\u2069", "evil"),
        ("émigré 日本 👩‍💻", "émigré 日本 👩‍💻"),
    ],
)
def test_what_is_shown(said: str, shown: str):
    """Letters of all languages stay; what steers a terminal, or is no letter at all, does not."""
    assert clean(said) == shown


def test_one_line_is_one():
    """For a table, or an error that is one line."""
    assert one_line("  one\n\n two\t three ") == "one two three"


@given(ANYTHING, st.integers(min_value=1, max_value=50))
def test_anything_can_be_shown(said: str, limit: int):
    """It is UTF-8, no longer than wanted, without controls; and cleaning it again changes nothing."""
    shown = clean(said, limit)
    shown.encode()
    assert len(shown) <= limit
    assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in shown if each != "\n")
    assert clean(shown, limit) == shown
    assert "\n" not in one_line(said, limit)


def test_a_flood_is_cut():
    """A megabyte of escape sequences takes no time."""
    assert clean("\x1b]" * 500_000) == ""
    assert len(clean("x" * 10_000_000)) == 4000
