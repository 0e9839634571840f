"""A maintenance, with a real balancer and the health checkers of Route 53."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from release import names
from release.maintenance.balancer import Balancer
from release.maintenance.page import Page
from tests.sandbox.dns.test_dns_regions import REGIONS, Site, site
from tests.sandbox.dns.world import Endpoint, World, both
from tests.sandbox.fake_internal_api import process
from tests.waiting import until

pytestmark = pytest.mark.sandbox


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An emulator, a DNS server and load balancers of its own."""
    with (
        both(tmp_path) as (aws, port),
        process("-m", "sandbox.balancer", "--endpoint", aws.url, log=tmp_path / "balancer.log"),
    ):
        yield World(aws, port)


def ask(made: Site, client: str = "127.0.0.1") -> tuple[int, str | None, bytes]:
    """Status, type and body of the balancer's answer to a client of some address, over plain HTTP."""
    address, _, port = made.name.partition(":")
    connection = http.client.HTTPConnection(address, int(port), timeout=10, source_address=(client, 0))
    connection.request("GET", "/")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.getheader("Content-Type"), body


def test_clients_get_the_page_and_health_checkers_the_app(world: World, monkeypatch: pytest.MonkeyPatch):
    """Who is let through gets the app as well; another page comes without a gap; after it, all is as before."""
    with Endpoint() as endpoint:
        endpoint.body = b"the app"
        made = site(world.aws, REGIONS[0], endpoint, size=1)
        check = world.health_check(made.name, Type="HTTPS", Port=443, ResourcePath="/healthz", EnableSNI=True)
        until(lambda: world.status(check).startswith("Success"))
        monkeypatch.setenv("AWS_ENDPOINT_URL", world.aws.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

        def balancer_name(_stack: str) -> str:
            return made.fleet.name

        monkeypatch.setattr(names, "balancer_name", balancer_name)
        balancer = Balancer("prod", REGIONS[0])
        balancer.put(Page(), ["127.0.0.2/32"])
        until(lambda: ask(made)[0] == 503)
        assert ask(made) == (503, "text/html; charset=utf-8", Page().body.encode())
        assert ask(made, client="127.0.0.2")[::2] == (200, b"the app")
        own = f"127.0.0.1:{endpoint.port}"  # so the target group's own health checks call it
        endpoint.seen.clear()
        until(lambda: any(host != own and path == "/healthz" for host, path in endpoint.seen))
        assert world.status(check).startswith("Success")
        balancer.put(Page(body="soon", type="text/plain"), [])
        until(lambda: ask(made)[2] == b"soon")
        assert ask(made, client="127.0.0.2")[0] == 503
        assert balancer.remove()
        until(lambda: ask(made)[2] == b"the app")
        assert not balancer.remove()
