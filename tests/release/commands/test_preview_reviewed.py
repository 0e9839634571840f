"""`preview --reviewed`: what it says and how it ends, once the engine has said what would be done."""

import pytest

from release.commands.preview import DIFFERS, _compare
from release.preview import fingerprint
from release.preview.steps import Change, Step


def made(*sizes: tuple[str, int]) -> fingerprint.Fingerprint:
    return fingerprint.of(
        "prod",
        [
            Step(
                op="update",
                urn=f"urn:pulumi:prod::slipway::g::{name}",
                type="g",
                name=name,
                changes=(Change(path="maxSize", before=6, after=size),),
                old={},
                new={},
            )
            for name, size in sizes
        ],
    )


def test_what_was_reviewed_is_done(capsys: pytest.CaptureFixture[str]):
    """Nothing is said of it."""
    assert _compare([made(("web", 8))], made(("web", 8)), None) == 0
    assert capsys.readouterr().err == ""


def test_what_was_not_is_named_and_can_be_accepted(capsys: pytest.CaptureFixture[str]):
    """Exactly that, by its digest: one step more, and it is refused again."""
    more, yet_more = made(("web", 8), ("api", 9)), made(("web", 8), ("api", 10))
    assert _compare([made(("web", 8))], more, None) == DIFFERS
    said = capsys.readouterr().err
    assert "not reviewed: update g api: nobody reviewed it (maxSize: 6 -> 9)" in said
    assert f"--accept {more.digest}" in said
    assert _compare([made(("web", 8))], more, more.digest) == 0
    assert "accepted all the same" in capsys.readouterr().err
    assert _compare([made(("web", 8))], yet_more, more.digest) == DIFFERS
    assert f"--accept is of something else, {more.digest}" in capsys.readouterr().err


def test_an_empty_accept_accepts_nothing():
    """A workflow passes it on when nobody gave one."""
    assert _compare([made()], made(("web", 8)), "") == DIFFERS


def test_a_preview_that_failed_is_never_what_was_reviewed(capsys: pytest.CaptureFixture[str]):
    """It leaves steps out, so that nothing can be said of them."""
    assert _compare([made()], None, None) == 1
    assert "did not come to its end" in capsys.readouterr().err
