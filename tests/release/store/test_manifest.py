"""Manifests are read strictly, and say all that is wrong at once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.errors import ManifestError
from release.store.manifest import ImageName, Manifest, Origin, from_json, to_json

MANIFEST = Manifest(
    sha="a" * 40,
    digest="b" * 64,
    size=1234,
    image=ImageName(name="al2023", owner="amazon"),
    processes={"web": "python3 app.py"},
    tags=("v1.2",),
    source=Origin(
        repository="https://example.com/x", directory="", committed=datetime(2024, 5, 6, tzinfo=timezone.utc)
    ),
    build=None,
    published_at=datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc),
    published_by="alex",
)


def test_the_document():
    """The JSON is what docs/architecture.md promises to others."""
    assert json.loads(to_json(replace(MANIFEST, build="make"))) == {
        "schema": 1,
        "sha": "a" * 40,
        "digest": "b" * 64,
        "size": 1234,
        "image": {"name": "al2023", "owner": "amazon"},
        "processes": {"web": "python3 app.py"},
        "tags": ["v1.2"],
        "source": {"repository": "https://example.com/x", "directory": "", "committed": "2024-05-06T00:00:00Z"},
        "build": {"command": "make"},
        "published": {"at": "2024-05-06T07:08:09Z", "by": "alex"},
    }


@given(
    st.dictionaries(st.text(), st.text()),
    st.lists(st.text()),
    st.none() | st.text(),
    st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.just(timezone.utc)),
)
def test_what_is_written_is_read(processes: dict[str, str], tags: list[str], build: str | None, at: datetime):
    """Any manifest comes back as it was, to the second."""
    manifest = replace(
        MANIFEST, processes=processes, tags=tuple(tags), build=build, published_at=at.replace(microsecond=0)
    )
    assert from_json(to_json(manifest), "here") == manifest


def test_every_problem_at_once():
    """Each wrong value is named by its path, and so is what doesn't belong there."""
    document = json.loads(to_json(MANIFEST))
    document.update(sha="abc", size="big", extra=1, processes={"web": 1}, tags="v1")
    del document["image"]["owner"]
    document["image"]["id"] = "ami-1"
    document["published"] = None
    document["source"]["committed"] = "yesterday"
    with pytest.raises(ManifestError) as caught:
        from_json(json.dumps(document), "s3://b/k")
    message = str(caught.value)
    assert message.startswith("s3://b/k: not a manifest: ")
    for part in (
        "sha: must be 40 hex digits, is 'abc'",
        'size: must be a whole number, is "big"',
        "extra: unknown",
        "processes.web: must be a string",
        "tags: must be a list",
        "image.owner: missing",
        "image.id: unknown",
        "published: must be an object",
        "source.committed: must be an RFC 3339 time",
    ):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[]", "the document: must be an object"),
        ("null", "the document: must be an object"),
        ('{"schema": 2}', "schema 2; this version of slipway reads 1: update slipway"),
        ("{}", "schema: missing"),
    ],
)
def test_what_is_no_manifest(text: str, said: str):
    """Anything else is refused; a newer schema says to update."""
    with pytest.raises(ManifestError, match=said):
        from_json(text, "here")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(["schema", "sha", "image", "source", "build", "processes", "tags", "published"]), inner
            )
            | st.lists(inner)
        ),
    )
)
def test_nothing_else_is_raised(document: object):
    """Whatever JSON is put there, the error is a ManifestError."""
    with pytest.raises(ManifestError):
        from_json(json.dumps(document), "here")


@given(
    st.sampled_from(["schema", "sha", "digest", "size", "image", "processes", "tags", "source", "build", "published"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just(10**400),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(["at", "by", "caller", "committed", "repository", "name", "command"])
                | st.text(st.characters()),
                inner,
            )
            | st.lists(inner)
        ),
    ),
)
def test_a_manifest_with_one_odd_value(name: str, value: object):
    """It is a manifest that can be shown, or an error that can."""
    try:
        found = from_json(json.dumps({**json.loads(to_json(MANIFEST)), name: value}), "here")
    except ManifestError as error:
        said = str(error)
    else:
        said = f"{found.published_at:%Y-%m-%d} {found.published_by} {found.size / 1e6:.1f}"
    said.encode()
    assert len(said) < 4000


@given(st.binary())
def test_no_bytes_raise_anything_else(body: bytes):
    """Not even JSON, nor UTF-8."""
    with pytest.raises(ManifestError):
        from_json(body, "here")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "nested too deeply|not JSON"),
        (" " * 2_000_000, "over 1048576 bytes"),
        (to_json(MANIFEST).replace("1234", "1" + "0" * 400), "size: must be a finite number"),
        (to_json(MANIFEST).replace("1234", "1e400"), "size: must be a whole number, is inf"),
        (to_json(MANIFEST).replace('"2024-05-06T07:08:09Z"', '"0001-01-01T00:00:00+14:00"'), "published.at: must be"),
    ],
)
def test_it_is_bounded(text: str, said: str):
    """Neither depth, size nor a number stops the reader."""
    with pytest.raises(ManifestError, match=said):
        from_json(text, "here")


def test_the_caller_is_kept():
    """Beside what the environment says; manifests of earlier days have none."""
    manifest = replace(MANIFEST, published_as="arn:aws:iam::123456789012:user/alex")
    assert json.loads(to_json(manifest))["published"]["caller"] == "arn:aws:iam::123456789012:user/alex"
    assert from_json(to_json(manifest), "here") == manifest
