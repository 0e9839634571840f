"""`release logs` over log groups that are given: which lines it prints, and how."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from release.__main__ import main
from release.commands import logs
from release.logs.read import NoGroupError, Source, Wanted

SHA, OTHER, NOW = "a" * 40, "b" * 40, 1000.0
API, WEB = "/slipway/prod/api/output", "/slipway/prod/web/output"
JOURNAL = "/slipway/prod/web"


def event(at: float, text: str, stream: str = f"i-0a/{SHA}") -> dict[str, Any]:
    return {"eventId": f"{at} {text}", "timestamp": int(at * 1000), "message": text, "logStreamName": stream}


@dataclass
class Groups:
    """The log groups of an account, and what was asked of them; Ctrl-C comes at the second sleep."""

    there: dict[str, list[dict[str, Any]]]
    asked: list[tuple[Source, Wanted, float, float | None]] = field(default_factory=list[Any])
    slept: list[float] = field(default_factory=list[float])
    late: dict[str, Any] | None = None

    def events(
        self, source: Source, wanted: Wanted, start: float, end: float | None = None
    ) -> Iterator[dict[str, Any]]:
        self.asked.append((source, wanted, start, end))
        if source.group not in self.there:
            raise NoGroupError(source.group)
        yield from (each for each in self.there[source.group] if each["logStreamName"].startswith(source.prefix))

    def time(self) -> float:
        return NOW

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) > 1:
            raise KeyboardInterrupt
        if self.late:
            self.there[WEB].append(self.late)


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Groups:
    """Two fleets, each with an instance that has printed something."""
    made = Groups(
        {
            API: [event(992, "api one"), event(998, "api two", f"i-0b/{OTHER}")],
            WEB: [event(995, "web one\n\tweb more")],
            JOURNAL: [
                event(990, '{"event": "ready"}', "i-0a"),
                event(991, "migrated", f"release/{SHA}/i-0a"),
            ],
        }
    )
    fleets = [SimpleNamespace(name="api"), SimpleNamespace(name="web")]
    monkeypatch.setattr(logs, "Reader", Mock(return_value=made))
    monkeypatch.setattr(logs, "Fleets", Mock())
    monkeypatch.setattr(logs, "fleets", SimpleNamespace(found=Mock(return_value=fleets)))
    monkeypatch.setattr(logs, "time", made)
    return made


def printed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Sequence[str]:
    """The texts of the lines that the command prints."""
    assert main(["logs", "--stack", "prod", *words]) == status
    return [line.partition(" | ")[2] for line in capsys.readouterr().out.splitlines()]


def test_lines_of_all_fleets_in_the_order_of_their_times(groups: Groups, capsys: pytest.CaptureFixture[str]):
    """Of the last ten minutes; each with its time, fleet, instance and release."""
    assert main(["logs", "--stack", "prod"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1970-01-01 00:16:32.000 api i-0a aaaaaaa | api one",
        "1970-01-01 00:16:35.000 web i-0a aaaaaaa | web one",
        "1970-01-01 00:16:35.000 web i-0a aaaaaaa |     web more",
        "1970-01-01 00:16:38.000 api i-0b bbbbbbb | api two",
    ]
    assert {asked[2:] for asked in groups.asked} == {(NOW - 600, NOW)}


def test_as_documents(groups: Groups, capsys: pytest.CaptureFixture[str]):
    """With --json each line is one."""
    assert main(["logs", "--stack", "prod", "--json", "--fleet", "api", "--instance", "i-0b"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"time": "1970-01-01T00:16:38.000Z", "fleet": "api", "instance": "i-0b", "sha": OTHER, "text": "api two"}
    ]


def test_each_option_leaves_fewer_lines_or_adds_some(groups: Groups, capsys: pytest.CaptureFixture[str]):
    """A fleet, an instance, a text, a release with its phase, the boots."""
    assert printed(capsys, "--fleet", "web") == ["web one", "    web more"]
    assert printed(capsys, "--instance", "i-0b") == ["api two"]
    assert printed(capsys, "--grep", "two") == ["api two"]
    assert printed(capsys, "--release", SHA[:12], "--fleet", "web") == ["migrated", "web one", "    web more"]
    assert printed(capsys, "--boot", "--fleet", "web") == ['{"event": "ready"}', "web one", "    web more"]


@pytest.mark.parametrize(("words", "said"), [([], "10m"), (["--since", "1h"], "1h")])
def test_no_lines_are_no_error(groups: Groups, capsys: pytest.CaptureFixture[str], words: list[str], said: str):
    """But it says since when there are none."""
    groups.there = {API: [], WEB: []}
    assert main(["logs", "--stack", "prod", *words]) == 0
    assert capsys.readouterr() == ("", f"no lines since {said} (--since)\n")


def test_a_fleet_that_sends_nothing(groups: Groups, capsys: pytest.CaptureFixture[str]):
    """It is an error that says what to set, unless the fleet's journal is read as well."""
    del groups.there[WEB]
    assert main(["logs", "--stack", "prod", "--fleet", "web"]) == 1
    assert f"there is no log group {WEB}; set slipway:logs.output to true" in capsys.readouterr().err
    assert printed(capsys, "--fleet", "web", "--boot") == ['{"event": "ready"}']


def test_it_follows_until_ctrl_c(groups: Groups, capsys: pytest.CaptureFixture[str]):
    """From ten seconds ago; each look shows what is new."""
    groups.late = event(999, "web late")
    assert printed(capsys, "--follow", status=130) == ["api one", "api two", "web one", "    web more", "web late"]
    assert groups.slept == [logs.OFTEN] * 2
    assert [asked[2:] for asked in groups.asked[:2]] == [(NOW - 10, None)] * 2


def test_many_groups_are_looked_at_less_often(groups: Groups, capsys: pytest.CaptureFixture[str]):
    """FilterLogEvents has a rate of its own, and each group is a call."""
    groups.there["/slipway/prod/api"] = []
    words = ["--boot", "--release", SHA, "--since", "1m", "--grep", "late"]
    assert printed(capsys, "--follow", *words, status=130) == []
    assert groups.slept == [pytest.approx(6 * logs._EACH)] * 2
    assert {asked[2] for asked in groups.asked[:6]} == {NOW - 60}
