"""A frozen stack is not deployed to, unless somebody insists, which is kept; an `up` says who, why and until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import boto3
import pulumi
import pytest
from moto import mock_aws

from infra.plan import frozen
from infra.settings import Settings, parse
from release.clients import client
from release.errors import ReleaseError
from release.names import FORESEEN
from release.store.freezes import INSISTED, KIND, Freezes
from release.store.notes import Notes

pytestmark = pytest.mark.sandbox

REGION, STORE = "eu-west-1", "store"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store, in this process."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "SLIPWAY_BY": "kim"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    # Pulumi's mocks of other tests in the same process may have left it in a preview.
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    with mock_aws():
        place: dict[str, str] = {"LocationConstraint": REGION}
        boto3.client("s3", REGION).create_bucket(Bucket=STORE, CreateBucketConfiguration=place)  # pyright: ignore[reportArgumentType]
        yield


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    return said


def settings() -> Settings:
    return parse({"loadBalancer": {"http": True}, "fleets": {"web": None}}, "prod", {"AWS_REGION": REGION})


def freeze(until: datetime | None = None) -> Freezes:
    freezes = Freezes(STORE, client("s3", REGION))
    freezes.freeze("prod", "the sale", until)
    return freezes


def test_an_up_is_refused_with_owner_reason_and_end(warned: list[str]):
    """With both ways on, and with the rollback that works all the same."""
    until = datetime.now(timezone.utc) + timedelta(hours=2)
    freeze(until)
    with pytest.raises(ReleaseError) as refused:
        frozen.heed(settings(), frozen.look(settings(), STORE))
    said = str(refused.value)
    assert said.startswith("stack prod is frozen by kim since ")
    assert f"until {until:%Y-%m-%d %H:%M} UTC: the sale. Nothing was changed." in said
    assert all(f"`{way}" in said for way in ("python -m release thaw --stack prod", "SLIPWAY_SUPERSEDE=1 pulumi up"))
    assert warned == []


def test_a_preview_warns(warned: list[str], monkeypatch: pytest.MonkeyPatch):
    """It says what the `up` will refuse, and records nothing."""
    freeze()
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert frozen.heed(settings(), frozen.look(settings(), STORE)) is None
    assert [line.startswith(f"{FORESEEN}stack prod is frozen by kim") for line in warned] == [True]


def test_who_insists_is_recorded(warned: list[str]):
    """The note has the release and the freeze; the freeze stands."""
    freezes = freeze()
    insisting = replace(settings(), supersede=True)
    insisted = frozen.heed(insisting, frozen.look(insisting, STORE))
    assert insisted
    assert [line.endswith("SLIPWAY_SUPERSEDE insists, which is recorded") for line in warned] == [True]
    frozen.record(insisting, STORE, insisted, "a" * 40)
    [kept] = Notes(STORE, KIND, client("s3", REGION)).newest("prod")
    assert (kept.what, kept.by, kept.facts["sha"]) == (INSISTED, "kim", "a" * 40)
    assert freezes.last("prod") == insisted


def test_what_is_over_or_thawed_stops_nobody(warned: list[str]):
    """Neither does a stack's first `up`, which finds no store."""
    freezes = freeze(datetime.now(timezone.utc) - timedelta(seconds=1))
    assert frozen.look(settings(), STORE) is None
    freezes.freeze("prod", "the sale", None)
    freezes.thaw("prod")
    assert frozen.look(settings(), STORE) is None
    assert frozen.look(settings(), "no-such-store") is None
    assert frozen.heed(settings(), None) is None
    assert warned == []
