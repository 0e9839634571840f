"""What a page may be, and who may be let through."""

from __future__ import annotations

import pytest

from release.maintenance.page import LIMIT, Page, block, page


def test_the_usual_page_fits_and_asks_again():
    """The balancer sets no Retry-After, so the page itself looks again."""
    assert len(Page().body) <= LIMIT
    assert Page().body.isascii()
    assert 'http-equiv="refresh" content="30"' in Page().body


def test_letters_of_html_are_references():
    """So that no encoding matters; the ending says what it is."""
    found = page("Wartung.HTML", "<p>Gleich zurück</p>".encode())
    assert found == Page(body="<p>Gleich zur&#252;ck</p>", type="text/html")
    assert page("x.json", b'{"retry": 30}').type == "application/json"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("page.php", b"x", r"must end with one of \.html"),
        ("page.html", b"\xff\xfe", "is not UTF-8"),
        ("page.html", b" \n", "is empty"),
        ("page.txt", "zurück".encode(), "beyond ASCII"),
        ("page.html", b"x" * (LIMIT + 1), "has 1025 characters, and the balancer answers with 1024 at most"),
        ("page.html", "ü".encode() * 200, "has 1200 characters"),
    ],
)
def test_what_is_no_page(name: str, content: bytes, why: str):
    """The reason, before anything is asked of AWS."""
    with pytest.raises(ValueError, match=why):
        page(name, content)


@pytest.mark.parametrize(
    ("text", "found"),
    [("203.0.113.7", "203.0.113.7/32"), ("198.51.100.0/24", "198.51.100.0/24"), ("2001:db8::1", "2001:db8::1/128")],
)
def test_blocks(text: str, found: str):
    """An address is a block of one."""
    assert block(text) == found


@pytest.mark.parametrize("text", ["office", "198.51.100.7/24", "0.0.0.0/0", "::/0", "1.2.3.4/33", ""])
def test_what_is_no_block(text: str):
    """A mistyped mask is not rounded, and everybody is nobody to let through."""
    with pytest.raises(ValueError, match=r"no address or block|is everybody"):
        block(text)
