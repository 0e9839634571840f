"""`release logs`: what it refuses, before it asks for any line."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from release.commands import logs, parser
from release.errors import ReleaseError


def sources(monkeypatch: pytest.MonkeyPatch, *words: str) -> Sequence[Any]:
    """The log groups that the command would read, of a stack with two fleets."""
    there = [SimpleNamespace(name="api"), SimpleNamespace(name="web")]
    monkeypatch.setattr(logs, "fleets", SimpleNamespace(found=Mock(return_value=there)))
    monkeypatch.setattr(logs, "Fleets", Mock())
    arguments = parser().parse_args(["logs", *words])
    return list(logs._sources(arguments, "prod", logs._sha(arguments.release)))


def test_all_fleets_are_read_unless_one_is_named(monkeypatch: pytest.MonkeyPatch):
    """An instance's streams begin with its id; a group that sends nothing is an error."""
    assert [each.group for each in sources(monkeypatch)] == ["/slipway/prod/api/output", "/slipway/prod/web/output"]
    [one] = sources(monkeypatch, "--fleet", "web", "--instance", "i-0abc")
    assert (one.group, one.prefix, one.optional) == ("/slipway/prod/web/output", "i-0abc/", False)


def test_a_release_has_also_what_its_phase_printed(monkeypatch: pytest.MonkeyPatch):
    """That is in the fleet's own group, and there also where the apps' output is not sent."""
    output, phase = sources(monkeypatch, "--fleet", "web", "--release", "a" * 40)
    assert output.optional
    assert (phase.group, phase.prefix) == ("/slipway/prod/web", "release/aaaaaaaaaaaa")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fleet", "shop"], "stack prod has no fleet 'shop'; it has api, web"),
        (["--instance", "web"], "'web' is not the id of an instance"),
        (["--release", "v1.0"], "'v1.0' is not a SHA"),
    ],
)
def test_what_it_cannot_read_is_refused(monkeypatch: pytest.MonkeyPatch, words: list[str], said: str):
    """With what there is."""
    with pytest.raises(ReleaseError, match=said):
        sources(monkeypatch, *words)
