"""Secrets are taken out of what a command says, however it is cut into pieces."""

import base64
import json
from collections.abc import Sequence
from urllib.parse import quote

import pytest

from release.console.masking import PIECE, Mask

SECRET = 'p@ss "w0rd" of/mine'


def masked(pieces: Sequence[str], **secrets: str) -> str:
    mask = Mask(secrets)
    return "".join([*(mask.take(piece) for piece in pieces), mask.take("", last=True)])


@pytest.mark.parametrize(
    "said",
    [SECRET, json.dumps(SECRET)[1:-1], quote(SECRET), base64.b64encode(SECRET.encode()).decode(), repr(SECRET)[1:-1]],
)
def test_a_secret_is_masked_in_each_of_its_forms(said: str):
    """Plain, as JSON, in a URL, in base64, in a traceback."""
    assert masked([f"before {said} after\n"], KEY=SECRET).startswith("before (secret KEY)")


@pytest.mark.parametrize("at", range(1, len(SECRET)))
def test_a_secret_that_comes_in_two_pieces_is_masked(at: int):
    """Wherever the pipe cuts it."""
    assert masked([f"x{SECRET[:at]}", f"{SECRET[at:]}y\n"], KEY=SECRET) == "x(secret KEY)y\n"


def test_a_line_of_a_secret_is_masked_too():
    """A key in PEM is shown line by line."""
    assert masked(["first-line-of-it\n"], PEM="first-line-of-it\nsecond-line-of-it") == "(secret PEM)\n"


def test_the_password_in_an_address_is_masked():
    """An app that prints only the password of its database's address has printed the secret."""
    assert masked(["hunter22\n"], DATABASE_URL="postgres://app:hunter22@db/shop") == "(secret DATABASE_URL)\n"


@pytest.mark.parametrize("before", [PIECE - 5, PIECE, PIECE + 3])
def test_a_line_without_an_end_is_shown_before_it_ends(before: int):
    """It is not held for ever, and a secret where it is cut is masked all the same."""
    mask = Mask({"KEY": SECRET})
    first = mask.take("a" * before + SECRET + "b" * 20)
    assert first + mask.take("c" * PIECE) + mask.take("", last=True) == (
        "a" * before + "(secret KEY)" + "b" * 20 + "c" * PIECE
    )


def test_a_short_secret_is_masked_as_a_word_only():
    """`1` as a secret must not tear numbers apart."""
    assert masked(["1 and 11\n"], N="1") == "(secret N) and 11\n"


def test_without_secrets_nothing_changes():
    """Most fleets have none."""
    assert masked(["a\n", "b"]) == "a\nb"
