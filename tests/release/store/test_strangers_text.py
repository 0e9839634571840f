"""Whatever text a stranger writes, it is taken or refused in the project's own words: never a traceback."""

from __future__ import annotations

import json
import string
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.settings import SettingsError, parse
from release.errors import ManifestError, ProcfileError, RevisionError
from release.source import procfile, refs, urls
from release.source.repository import open_repository
from release.source.revision import check_directory
from release.store.manifest import ImageName, from_json

ODD = st.characters() | st.sampled_from("\0\n\r\t\x1b\x7f\ud800\udcff\u2028\ufeff@:/[]~^?#%-.")
TEXT = st.text(ODD, max_size=60)
LONG = st.sampled_from(["a", "/", "é", "\ud800"]).map(lambda character: character * 10_000)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | LONG,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
URLS = st.builds("{}://{}".format, st.sampled_from(["https", "ssh", "file", "x"]), TEXT)


def printable(error: Exception) -> str:
    """What is printed has to be UTF-8, whatever is quoted in it."""
    assert "\0" not in str(error)
    return str(error).encode("utf-8").decode()


@given(TEXT | URLS | LONG)
@example("https://[::1")
@example("https://user:pa/ss@host/x")
@example("https://@")
@example("https://host:99999999999999999999/")
@example("git@[::1:x")
@example("a\0:b")
def test_where_a_repository_is(text: str):
    """Its check, its parts, and what is shown of it."""
    shown = urls.without_credentials(text)
    assert urls.without_credentials(shown) == shown
    urls.hide_credentials(text)
    urls.is_url(text)
    try:
        urls.check(text)
        if urls.is_url(text):
            assert "@" not in urls.remote(text).authority
    except RevisionError as error:
        printable(error)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "where",
    [
        *("https://[::1", "~nosuchuser/x", "~nosuchuser", "a" * 300, "x/" * 2000, "\udcff", "a\0b", "https://h:0x/"),
        *("https://user:s3cret/part@host/x", "ssh://[::1]:x/y", "file://[", "/dev/null", "/proc/self/mem", " "),
    ],
)
def test_repositories_that_nobody_has(where: str):
    """An error that can be shown, of a path or a URL that can't be."""
    with pytest.raises(RevisionError) as caught:
        open_repository(where, "HEAD")
    assert "s3cret" not in printable(caught.value)
    assert len(str(caught.value)) < 6000


@given(st.text(st.characters(exclude_characters="/?#@", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_no_password_is_shown(secret: str):
    """Whatever characters it has."""
    password = f"s3cret{secret}s3cret"
    shown = urls.without_credentials(f"https://user:{password}@example.com/x.git")
    assert shown == "https://example.com/x.git"


@given(TEXT | LONG)
@example("\ud800")
@example("a\x85b")
def test_refs_and_directories(text: str):
    """What is taken can be given to git and to S3."""
    for checked in (refs.check, check_directory):
        try:
            taken = checked(text)
        except RevisionError as error:
            printable(error)
        else:
            assert "\0" not in taken
            taken.encode()


@given(TEXT | st.lists(st.builds("{}: {}".format, st.sampled_from(["web", "release", "x"]), TEXT)).map("\n".join))
def test_procfiles(text: str):
    """What is taken can stand in user data: no zero byte, no line of its own."""
    try:
        processes = procfile.parse(text)
    except ProcfileError as error:
        printable(error)
    else:
        for command in processes.values():
            command.encode()
            assert not set(command) & set("\0\n\r\x1b")


WHOLE = {
    "schema": 1,
    "sha": "a" * 40,
    "digest": "b" * 64,
    "size": 1,
    "image": {"name": "x", "owner": "amazon"},
    "processes": {"web": "x"},
    "tags": ["v1"],
    "source": {"repository": "x", "directory": "", "committed": "2024-01-01T00:00:00Z"},
    "build": None,
    "published": {"at": "2024-01-01T00:00:00Z", "by": "x"},
}


@given(st.sampled_from(sorted(WHOLE)), VALUES)
def test_manifests(key: str, value: object):
    """One with any one value replaced by anything."""
    try:
        from_json(json.dumps({**WHOLE, key: value}), "here")
    except ManifestError as error:
        printable(error)


NO_JSON = {
    "nested": "[" * 100_000,
    "objects": '{"a":' * 30_000,
    "digits": "1" * 10_000,
    "lone": '"\\ud800"',
    "nan": "NaN",
}


@given(st.binary(max_size=200) | TEXT | st.sampled_from(sorted(NO_JSON)))
def test_manifests_that_are_no_json(given: str | bytes):
    """Bytes of any kind, nested or long beyond reason."""
    text = NO_JSON.get(given, given) if isinstance(given, str) else given
    with pytest.raises(ManifestError) as caught:
        from_json(text, "here")
    printable(caught.value)


@given(TEXT, TEXT)
def test_names_of_images(name: str, owner: str):
    """They are taken as they are; AWS is asked for nothing that could not be one."""
    document = json.dumps({**WHOLE, "image": {"name": name, "owner": owner}})
    try:
        assert from_json(document, "here").image == ImageName(name=name, owner=owner)
    except ManifestError as error:
        printable(error)


PATHS = [
    *("network", "loadBalancer", "artifacts", "release", "image", "fleets", "aws:region"),
    *("network.cidr", "network.zones", "loadBalancer.accessLogs", "artifacts.bucket", "release.build", "release.sha"),
    *("release.repository", "release.directory", "image.name", "fleets.web", "fleets.web.environment"),
    *("fleets.web.secrets", "fleets.web.size", "fleets.web.routes", "fleets.web.scaling", "fleets.web.rollout"),
    *("fleets.web.alarms", "fleets.web.instanceTypes", "fleets.web.command", "fleets.web.health"),
]


@given(st.lists(st.tuples(st.sampled_from(PATHS), VALUES), max_size=3), TEXT | st.just("dev"))
@example([("fleets.web.command", "\ud800")], "dev")
@example([("fleets.web.environment", {"A": "\ud800"})], "dev")
@example([("fleets.web.secrets", {"A": "\ud800"})], "dev")
@example([("fleets.web.environment", {"\ud800": "x"})], "dev")
@example([("fleets.\ud800", {})], "dev")
@example([("\ud800", {})], "dev")
@example([("fleets.web.instanceTypes", ["\ud800"])], "dev")
@example([("release.build", {"command": "\ud800"})], "dev")
@example([("release.repository", "\ud800")], "dev")
@example([("fleets.web.size", {"min": 10**5000})], "dev")
@example([("fleets.web.alarms", {"latency": float("nan"), "errorRate": 10**400})], "dev")
def test_settings(changes: list[tuple[str, object]], stack: str):
    """Any JSON below any key."""
    mapping: dict[str, Any] = {"aws:region": "eu-west-1", "loadBalancer": {"http": True}, "fleets": {"web": {}}}
    for path, value in changes:
        *above, last = path.split(".")
        level = mapping
        for key in above:
            inner = level.get(key)
            level[key] = dict(inner) if isinstance(inner, dict) else {}
            level = level[key]
        level[last] = value
    try:
        settings = parse(mapping, stack, {}, encrypted=[])
    except SettingsError as error:
        printable(error)
    else:
        json.dumps(asdict(settings), ensure_ascii=False, default=lambda section: section.model_dump()).encode()


@given(st.dictionaries(st.sampled_from(["SLIPWAY_SHA", "SLIPWAY_REPOSITORY", "SLIPWAY_DIRECTORY", "AWS_REGION"]), TEXT))
@example({"SLIPWAY_SHA": "\udcff"})
@example({"SLIPWAY_REPOSITORY": "\udcff"})
def test_variables(environment: dict[str, str]):
    """What a shell can put there."""
    around = {"AWS_DEFAULT_REGION": "eu-west-1"}
    try:
        settings = parse({"loadBalancer": {"http": True}, "fleets": {"web": {}}}, "dev", around | environment)
    except SettingsError as error:
        printable(error)
    else:
        for value in (settings.release.sha, settings.release.repository, settings.release.directory):
            (value or "").encode()


def test_the_alphabet_that_is_common_is_taken():
    """No check is so strict that it refuses what people write."""
    assert refs.check(f"feature/{string.ascii_letters}-1.0_é") == f"feature/{string.ascii_letters}-1.0_é"
    assert check_directory("apps/shöp front/") == "apps/shöp front"
    assert procfile.parse("web: FOO=bar python3 -m app --port $PORT\t# é") == {
        "web": "FOO=bar python3 -m app --port $PORT\t# é"
    }
