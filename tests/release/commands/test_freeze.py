"""`freeze` and `thaw`, as people meet them."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from release.__main__ import main
from release.clients import client
from release.store.freezes import Freezes
from release.store.ledger import Event, Ledger

pytestmark = pytest.mark.sandbox


@pytest.fixture
def store(bucket: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store whose ledger knows a stack `prod`."""
    monkeypatch.setenv("SLIPWAY_BUCKET", bucket)
    monkeypatch.setenv("SLIPWAY_BY", "alex")
    monkeypatch.setenv("PULUMI_STACK", "prod")
    known = Event(
        at=datetime.now(timezone.utc), by="alex", stack="prod", fleet="web", action="deploy", sha="a" * 40,
        digest="d" * 64, outcome="succeeded",
    )  # fmt: skip
    Ledger(bucket, client("s3")).record(known)
    return bucket


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_freeze_and_thaw(store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """The owner may change it, nobody else; anybody may thaw it; a second thaw changes nothing."""
    status, out, _ = run(capsys, "freeze", "--reason", "the\nsale", "--until", "2h")
    assert (status, out.splitlines()[0].startswith("prod is frozen by alex since ")) == (0, True)
    assert out.splitlines()[0].endswith(" UTC: the sale")
    assert run(capsys, "freeze", "--reason", "the sale, longer")[0] == 0
    monkeypatch.setenv("SLIPWAY_BY", "kim")
    status, _, err = run(capsys, "freeze", "--reason", "mine")
    assert status == 1
    assert "prod is frozen by alex since " in err
    assert "until somebody thaws it: the sale, longer. To freeze it in another way, run `python -m release thaw`" in err
    assert "prod is thawed; it was frozen by alex" in run(capsys, "thaw")[1]
    assert run(capsys, "thaw")[:2] == (0, "prod is not frozen\n")
    assert Freezes(store, client("s3")).last("prod") is None


def test_json(store: str, capsys: pytest.CaptureFixture[str]):
    """What scripts read."""
    frozen = json.loads(run(capsys, "freeze", "--reason", "sale", "--until", "2099-01-01", "--json")[1] or "{}")
    assert frozen == {}  # refused: it is decades away
    frozen = json.loads(run(capsys, "freeze", "--reason", "sale", "--json")[1])["frozen"]
    assert (frozen["by"], frozen["reason"], frozen["until"]) == ("alex", "sale", None)
    assert json.loads(run(capsys, "thaw", "--json")[1]) == {"stack": "prod", "thawed": True}
    assert store


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--reason", "sale", "--until", "yesterday"), "--until: 'yesterday' is not a time"),
        (("--reason", "sale", "--until", "2020-01-01"), "--until: 2020-01-01 00:00 UTC is over: it is "),
        (("--reason", "sale", "--stack", "porduction"), "has no fleet of stack porduction, and the ledger of "),
    ],
)
def test_mistakes(store: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str):
    """One line each, and nothing is frozen."""
    status, _, err = run(capsys, "freeze", "--bucket", store, *arguments)
    assert status == 1
    assert said in err
    assert Freezes(store, client("s3")).last("prod") is None
    with pytest.raises(SystemExit):
        run(capsys, "freeze", "--reason", " ")
