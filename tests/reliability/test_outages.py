"""The git host and the store are gone, or not what they were: what is published deploys, nothing unproved serves."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Generator

import pytest

from tests.engine.conftest import Ran
from tests.reliability.fleet import Fleet

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(600)]

GIT_DEADLINE = 15  # seconds until the error of a git host that is not there


@contextlib.contextmanager
def git_host(how: str) -> Generator[str]:
    """The URL of a host that refuses, hangs (connects and says nothing) or resets."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/app.git"
    if how == "refuses":
        listener.close()
        yield url
        return
    kept: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if how == "hangs":
                    kept.append(connection)
                    continue
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in kept:
            connection.close()
        thread.join(5)


@pytest.mark.parametrize("how", ["refuses", "hangs", "resets"])
def test_without_its_git_host_a_published_release_deploys(fleet: Fleet, how: str):
    """The release that is in the store deploys; one that is not gets its error in time, and changes nothing."""
    published, other = fleet.release("good"), "f" * 40
    ran = fleet.shell(f"python -m release publish {published} --repository {fleet.app}")
    assert ran.code == 0, ran.said
    with git_host(how) as url:
        began = time.monotonic()
        refused = fleet.run("make", "--no-print-directory", "up", f"SHA={other}", f"REPO={url}")
        waited = time.monotonic() - began
        ran = fleet.run("make", "--no-print-directory", "up", f"SHA={published}", f"REPO={url}")
    assert ran.code == 0, ran.said
    assert refused.code != 0
    assert "Traceback" not in refused.said
    assert other in refused.said
    print(f"FIGURE row 10 {how}: error after {waited:.1f} s")
    assert waited < GIT_DEADLINE
    fleet.whole(published)


def published(fleet: Fleet) -> tuple[str, str, str]:
    """A release in the store that was not deployed: its SHA, the bucket, the key of its artifact."""
    sha = fleet.release("good")
    ran = fleet.shell(f"python -m release publish {sha} --repository {fleet.app}")
    assert ran.code == 0, ran.said
    return sha, fleet.outputs()["bucket"], f"releases/{sha}/artifact.tar.gz"


def refused(fleet: Fleet, ran: Ran, good: str, serving: set[str]) -> None:
    """Asserts that it failed with an error one can read, and left the fleet as it was."""
    assert ran.code != 0
    assert "Traceback" not in ran.said
    assert set(fleet.instances()) == serving
    fleet.whole(good)


def said(ran: Ran) -> str:
    """Its first error."""
    return next((line.strip() for line in ran.said.splitlines() if "error:" in line), "")[:300]


def test_a_tampered_artifact_never_serves(fleet: Fleet):
    """What was overwritten in the bucket is refused by every instance."""
    good, serving = fleet.serves(), set(fleet.instances())
    sha, bucket, key = published(fleet)
    fleet.client("s3").put_object(Bucket=bucket, Key=key, Body=b"something else")
    ran = fleet.deploy(sha)
    refused(fleet, ran, good, serving)
    assert "digest" in ran.said
    print(f"FIGURE row 3 tampered: {said(ran)}")


def test_a_missing_artifact_never_serves(fleet: Fleet):
    """What was deleted from the bucket is missed before or at boot."""
    good, serving = fleet.serves(), set(fleet.instances())
    sha, bucket, key = published(fleet)
    s3 = fleet.client("s3")
    for version in s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
    ran = fleet.deploy(sha)
    refused(fleet, ran, good, serving)
    print(f"FIGURE row 3 missing: {said(ran)}")
