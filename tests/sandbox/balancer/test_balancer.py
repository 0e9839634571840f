"""The data plane over real HTTP, with targets that the test controls."""

from __future__ import annotations

import asyncio
import concurrent.futures
import http.client
import itertools
import json
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.ports import free_port, is_free
from tests.aws.emulator import BEARER
from tests.sandbox.fake_internal_api import FakeInternalApi, Started, process
from tests.waiting import ENOUGH, until

pytestmark = pytest.mark.sandbox

ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:"
LB, WEB, OTHER = f"{ARN}loadbalancer/app/shop/0123456789abcdef", f"{ARN}targetgroup/web/1", f"{ARN}targetgroup/other/2"


class App:
    """A target: an HTTP server that says who it is, with a health that can be set and requests that can be held."""

    def __init__(self, name: str) -> None:
        self.name, self.health, self.checks = name, 200, 0
        self.seen: list[SimpleNamespace] = []
        self.release = threading.Event()
        app = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            is_last = False  # of its connection: one more request is hung up on

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else self.chunks()
                if self.path == "/healthz":
                    app.checks += 1
                    return self.answer(app.health, b"")
                if self.is_last:
                    self.close_connection = True
                    return None
                request = {"method": self.command, "path": self.path, "headers": self.headers, "body": body}
                app.seen.append(SimpleNamespace(**request, connection=self.client_address))
                self.is_last = self.path == "/last"
                if self.path.startswith("/held"):
                    assert app.release.wait(ENOUGH)
                if self.path.startswith("/broken"):
                    self.send_response(200)
                    self.send_header("Content-Length", "1000000")
                    self.end_headers()
                    self.wfile.write(b"x" * 200000)
                    self.close_connection = True
                    return None
                if self.path.startswith("/stream"):
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    self.wfile.write(b"5\r\nfirst\r\n")
                    assert app.release.wait(ENOUGH)
                    self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")
                    return None
                if self.path.startswith("/lost"):
                    self.close_connection = True
                    return None
                status = int(self.path[2:]) if self.path[1:2] == "=" else 200
                return self.answer(status, app.name.encode() if status not in (204, 304) else b"")

            do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

            def chunks(self) -> bytes:
                body = b""
                while self.headers.get("Transfer-Encoding") == "chunked":
                    size = int(self.rfile.readline(), 16)
                    body += self.rfile.read(size)
                    self.rfile.readline()
                    if not size:
                        break
                return body

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                if status not in (204, 304):
                    self.send_header("Content-Length", str(len(body)))
                self.send_header("Set-Cookie", "a=1")
                self.send_header("Set-Cookie", "b=2")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def target(self, **more: object) -> dict[str, Any]:
        return {
            "id": f"i-{self.name}", "port": 8080, "zone": "eu-central-1a",
            "address": f"127.0.0.1:{self.port}", "state": "registered", **more,
        }  # fmt: skip

    def close(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(ENOUGH)


class World:
    """The configuration of one load balancer, and what the balancer said of it."""

    def __init__(self, api: FakeInternalApi) -> None:
        self.api = api
        self.port = free_port()
        self.apps: list[App] = []

    def app(self, name: str) -> App:
        self.apps.append(App(name))
        return self.apps[-1]

    def configure(
        self,
        targets: Iterable[dict[str, Any]],
        *,
        listeners: list[dict[str, Any]] | None = None,
        attributes: dict[str, str] | None = None,
        group: dict[str, Any] | None = None,
        other: Sequence[dict[str, Any]] = (),
    ) -> None:
        default = {"priority": None, "conditions": [], "actions": [{"Type": "forward", "TargetGroupArn": WEB}]}
        listeners = listeners or [
            {"arn": f"{LB}/80", "port": 80, "local_port": self.port, "protocol": "HTTP", "rules": [default]}
        ]
        check = {"path": "/healthz", "interval": 0.2, "timeout": 10, "healthy_threshold": 2,
                 "unhealthy_threshold": 2, "matcher": "200-299"}  # fmt: skip
        base = {"name": "web", "region": "eu-central-1", "protocol": "HTTP", "port": 8080, "health_check": check,
                "attributes": {"deregistration_delay.timeout_seconds": "60"}}  # fmt: skip
        groups = [{**base, "arn": WEB, "targets": list(targets), **(group or {})}]
        groups += [{**base, "arn": OTHER, "targets": list(other)}] if other else []
        balancer = {"arn": LB, "name": "shop", "region": "eu-central-1", "address": "127.0.0.1", "zones": [],
                    "attributes": attributes or {}, "listeners": listeners}  # fmt: skip
        document = {"load_balancers": [balancer], "target_groups": groups}
        self.api.update(lambda resources: resources.update({"load-balancers": document}))

    def darken(self, dark: bool) -> None:
        """Begin or end the outage of the region."""

        def change(resources: dict[str, dict[str, Any]]) -> None:
            for entries in ("load_balancers", "target_groups"):
                for entry in resources["load-balancers"][entries]:
                    entry["dark"] = dark

        self.api.update(change)

    def states(self, app: App | SimpleNamespace) -> list[tuple[str, str, str]]:
        """What was reported of a target, in order."""
        return [
            (target["state"], target["reason"], target["description"])
            for path, body in self.api.posts
            if path == "target-health"
            for target in body["targets"]
            if target["id"] == f"i-{app.name}"
        ]

    def until(self, app: App | SimpleNamespace, state: str) -> None:
        self.api.wait_for(lambda: self.states(app)[-1:] and self.states(app)[-1][0] == state)

    def fetch(
        self,
        path: str = "/",
        method: str = "GET",
        *,
        body: bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
        port: int | None = None,
        host: str = "127.0.0.1",
    ) -> SimpleNamespace:
        connection = http.client.HTTPConnection(host, port or self.port, timeout=ENOUGH)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return SimpleNamespace(status=response.status, body=response.read().decode(), headers=response.headers)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def api() -> Iterator[FakeInternalApi]:
    with FakeInternalApi() as fake:
        yield fake


@pytest.fixture(scope="module")
def balancer(api: FakeInternalApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    log = tmp_path_factory.mktemp("balancer") / "balancer.log"
    with process("-m", "sandbox.balancer", "--endpoint", api.url, log=log) as started:
        yield started


@pytest.fixture
def world(api: FakeInternalApi, balancer: Started) -> Iterator[World]:
    """An empty configuration and no posts; one balancer serves all tests."""
    made = World(api)
    yield made
    for app in made.apps:
        app.close()
    api.failing = False
    api.update(lambda resources: resources.update({"load-balancers": {"load_balancers": [], "target_groups": []}}))
    until(lambda: json.loads(made.fetch(port=balancer[0], headers=BEARER).body) == {"listeners": {}, "targets": []})
    api.posts.clear()


def test_requests_go_round_the_healthy_targets(world: World):
    """Healthy after the first check; requests are spread evenly; an unhealthy target gets none, until it is back."""
    one, two = world.app("one"), world.app("two")
    world.configure([one.target(), two.target()])
    world.until(one, "healthy")
    world.until(two, "healthy")
    assert Counter(world.fetch().body for _ in range(20)) == {"one": 10, "two": 10}
    one.health = 500
    world.until(one, "unhealthy")
    expected = ("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]")
    assert world.states(one)[-1] == expected
    assert {world.fetch().body for _ in range(6)} == {"two"}
    one.health = 204
    world.until(one, "healthy")
    assert {world.fetch().body for _ in range(6)} == {"one", "two"}


def test_a_target_without_an_address_is_initial_and_503(world: World):
    """No target that can be reached: 503, as AWS answers it; the target is initial until its machine has a port."""
    one = world.app("one")
    world.configure([one.target(address=None)])
    until(lambda: _open(world))
    assert world.fetch().status == 503
    world.configure([one.target()])
    world.until(one, "healthy")
    assert world.fetch().status == 200


def test_a_group_without_targets_is_answered_by_the_balancer_itself(world: World):
    """503 and the page of an Application Load Balancer, which names no release: a fleet that has no instances yet."""
    world.configure([])
    until(lambda: _open(world))
    answer = world.fetch()
    assert (answer.status, answer.headers["Server"], answer.headers["Content-Type"]) == (503, "awselb/2.0", "text/html")
    title = "503 Service Temporarily Unavailable"
    assert answer.body == (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    one = world.app("one")
    world.configure([one.target()])
    world.until(one, "healthy")
    assert world.fetch().status == 200


def _open(world: World) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", world.port)) == 0


def test_all_unhealthy_fails_open(world: World):
    """Where every target is unhealthy, requests go to all of them."""
    one = world.app("one")
    one.health = 503
    world.configure([one.target()])
    world.until(one, "unhealthy")
    assert world.fetch().body == "one"


def test_a_dead_target_is_unhealthy_and_502(world: World):
    """Nobody listens: 502, and FailedHealthChecks."""
    one = world.app("one")
    one.close()
    world.configure([one.target()])
    world.until(one, "unhealthy")
    assert world.states(one)[-1][1] == "Target.FailedHealthChecks"
    assert world.fetch().status == 502


def test_draining_ends_no_request(world: World):
    """A draining target gets nothing new, what is in flight ends well, and then it is reported unused."""
    one, two = world.app("one"), world.app("two")
    world.configure([one.target()])
    world.until(one, "healthy")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        held = [pool.submit(world.fetch, f"/held{n}") for n in range(3)]
        until(lambda: len(one.seen) == 3)
        world.configure([one.target(state="draining"), two.target()])
        world.until(two, "healthy")
        assert {world.fetch().body for _ in range(6)} == {"two"}
        assert "unused" not in [state for state, *_ in world.states(one)]
        one.release.set()
        assert [future.result(ENOUGH).body for future in held] == ["one"] * 3
    world.until(one, "unused")


def test_the_deregistration_delay_cuts_what_is_left(world: World):
    """A request that outlasts the deregistration delay is cut, and the target is unused."""
    one = world.app("one")
    group = {"attributes": {"deregistration_delay.timeout_seconds": "1"}}
    world.configure([one.target()], group=group)
    world.until(one, "healthy")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        held = pool.submit(world.fetch, "/held")
        until(lambda: one.seen)
        world.configure([one.target(state="draining")], group=group)
        with pytest.raises((http.client.HTTPException, OSError)):
            held.result(ENOUGH)
    world.until(one, "unused")


def test_targets_come_and_go_without_a_failed_request(world: World):
    """Under load, through drains and the end of what was drained, not one request fails."""
    apps = [world.app(str(number)) for number in range(4)]
    world.configure([apps[0].target()])
    world.until(apps[0], "healthy")
    stop = threading.Event()
    failures: list[tuple[str, int]] = []
    done: Counter[str] = Counter()

    def load(method: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=ENOUGH)
        while not stop.is_set():
            connection.request(method, "/", b"body" if method == "POST" else None)
            response = connection.getresponse()
            response.read()
            done[method] += 1
            if response.status != 200:
                failures.append((method, response.status))
        connection.close()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        loads = [pool.submit(load, method) for method in ("GET", "GET", "POST")]
        for old, new in itertools.pairwise(apps):
            world.configure([old.target(), new.target()])
            world.until(new, "healthy")
            before = done.copy()
            until(lambda before=before: all(done[m] > before[m] + 20 for m in ("GET", "POST")))
            world.configure([old.target(state="draining"), new.target()])
            world.until(old, "unused")
            old.close()
            world.configure([new.target()])
        stop.set()
        for finished in loads:
            finished.result(ENOUGH)
    assert failures == []
    assert min(done["GET"], done["POST"]) > 60


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_kept_connection_that_is_closed_loses_a_request(world: World, method: str):
    """A target that hangs up just as a request comes on a kept connection: 502, as an ALB, and no second attempt."""
    one = world.app("one")
    world.configure([one.target()])
    world.until(one, "healthy")
    assert world.fetch("/last").status == 200
    assert world.fetch("/next", method, body=b"x" if method == "POST" else None).status == 502
    assert [seen.path for seen in one.seen] == ["/last"]
    assert world.fetch().status == 200


def test_connections_to_targets_are_kept_for_the_idle_timeout(world: World):
    """Whatever the request is; one that was idle for longer is not used again."""
    one = world.app("one")
    world.configure([one.target()], attributes={"idle_timeout.timeout_seconds": "1"})
    world.until(one, "healthy")
    world.fetch()
    world.fetch(method="POST", body=b"x")
    time.sleep(1.2)  # what is tested is that time passes
    world.fetch()
    first, second, third = (seen.connection for seen in one.seen)
    assert first == second != third


def test_a_request_that_was_seen_is_not_repeated(world: World):
    """A target that drops a request it has read: 502, and it got the request once."""
    one = world.app("one")
    world.configure([one.target()])
    world.until(one, "healthy")
    assert world.fetch("/lost").status == 502
    assert world.fetch("/lost", "POST", body=b"x").status == 502
    assert [seen.method for seen in one.seen] == ["GET", "POST"]


def test_the_target_sees_what_the_client_sent(world: World):
    """Path, query, body and headers arrive as they were; the forwarding headers are added, hop-by-hop ones are not."""
    one = world.app("one")
    world.configure([one.target()], attributes={"routing.http.drop_invalid_header_fields.enabled": "true"})
    world.until(one, "healthy")
    sent = {"Host": "shop.example", "X-Forwarded-For": "192.0.2.1", "Connection": "keep-alive, X-Hop", "X-Hop": "1",
            "X_Invalid": "1", "Accept-Encoding": "br"}  # fmt: skip
    answer = world.fetch("/a%2Fb//c?x=%20&y=+", "PUT", body=b"hello", headers=sent)
    assert (answer.status, answer.body, answer.headers.get_all("Set-Cookie")) == (200, "one", ["a=1", "b=2"])
    seen = one.seen[-1]
    assert (seen.method, seen.path, seen.body) == ("PUT", "/a%2Fb//c?x=%20&y=+", b"hello")
    assert seen.headers["Host"] == "shop.example"
    assert seen.headers["X-Forwarded-For"] == "192.0.2.1, 127.0.0.1"
    assert (seen.headers["X-Forwarded-Proto"], seen.headers["X-Forwarded-Port"]) == ("http", "80")
    assert seen.headers["X-Amzn-Trace-Id"].startswith("Root=1-")
    assert (seen.headers["X-Hop"], seen.headers["X_Invalid"], seen.headers["User-Agent"]) == (None, None, None)
    big = b"y" * 3_000_000
    assert world.fetch("/big", "POST", body=iter([big])).status == 200
    assert one.seen[-1].body == big


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_statuses_pass_through(world: World, status: int):
    """Statuses with and without a body reach the client, also for HEAD, on a connection that stays usable."""
    one = world.app("one")
    world.configure([one.target()])
    world.until(one, "healthy")
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=ENOUGH)
    for method in ("GET", "HEAD", "GET"):
        connection.request(method, f"/={status}")
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_responses_stream_and_broken_ones_look_broken(world: World):
    """The first bytes arrive before the last were made; a response that ends too early does so for the client too."""
    one = world.app("one")
    world.configure([one.target()])
    world.until(one, "healthy")
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=ENOUGH)
    connection.request("GET", "/stream")
    response = connection.getresponse()
    assert response.read(5) == b"first"
    one.release.set()
    assert response.read() == b"second"
    connection.close()
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        world.fetch("/broken")


def test_websockets_are_relayed(world: World):
    """An upgraded connection carries messages both ways."""

    async def run() -> None:
        async def echo(request: web.Request) -> web.WebSocketResponse:
            ws = web.WebSocketResponse(protocols=("chat",))
            await ws.prepare(request)
            async for message in ws:
                await ws.send_str(f"{request.headers['X-Forwarded-Proto']} {message.data}")
            return ws

        async def healthz(_: web.Request) -> web.Response:
            return web.Response()

        app = web.Application()
        app.router.add_get("/healthz", healthz)
        app.router.add_get("/ws", echo)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        target = SimpleNamespace(name="ws")
        address = f"127.0.0.1:{runner.addresses[0][1]}"
        world.configure([{"id": "i-ws", "port": 1, "zone": "a", "address": address, "state": "registered"}])
        await asyncio.to_thread(world.until, target, "healthy")
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{world.port}/ws", protocols=("chat",)) as ws,
        ):
            await ws.send_str("hello")
            assert (await ws.receive_str(timeout=ENOUGH), ws.protocol) == ("http hello", "chat")
        await runner.cleanup()

    asyncio.run(run())


def test_an_idle_target_is_504(world: World):
    """No byte within the idle timeout: 504."""
    one = world.app("one")
    world.configure([one.target()], attributes={"idle_timeout.timeout_seconds": "1"})
    world.until(one, "healthy")
    assert world.fetch("/held").status == 504


def test_rules_route_redirect_and_answer(world: World):
    """Rules by priority: forward, redirect and fixed response, over HTTP."""
    one, two = world.app("one"), world.app("two")
    redirect = {"Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}",
                "StatusCode": "HTTP_301"}  # fmt: skip
    rules = [
        {"priority": None, "conditions": [], "actions": [{"Type": "forward", "TargetGroupArn": WEB}]},
        {"priority": 30, "conditions": [{"Field": "path-pattern", "Values": ["/old*"]}],
         "actions": [{"Type": "redirect", "RedirectConfig": redirect}]},
        {"priority": 20, "conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}],
         "actions": [{"Type": "forward", "TargetGroupArn": OTHER}]},
        {"priority": 10, "conditions": [{"Field": "path-pattern", "Values": ["/gone"]}],
         "actions": [{"Type": "fixed-response", "FixedResponseConfig": {
             "StatusCode": "503", "ContentType": "application/json", "MessageBody": "{}"}}]},
    ]  # fmt: skip
    listeners = [{"arn": f"{LB}/80", "port": 80, "local_port": world.port, "protocol": "HTTP", "rules": rules}]
    world.configure([one.target()], listeners=listeners, other=[two.target()])
    world.until(one, "healthy")
    world.until(two, "healthy")
    assert [world.fetch(path).body for path in ("/", "/api/x", "/api")] == ["one", "two", "one"]
    moved = world.fetch("/old/x?y=1", headers={"Host": "shop.example"})
    assert (moved.status, moved.headers["Location"]) == (301, "https://shop.example:443/old/x?y=1")
    fixed = world.fetch("/gone")
    assert (fixed.status, fixed.body, fixed.headers["Content-Type"]) == (503, "{}", "application/json; charset=utf-8")


def test_https_is_served_beside_http(world: World, balancer: Started):
    """Each listener has the local port that it is given; a redirect to 443 leads to the one that speaks TLS."""
    secure = free_port()
    one = world.app("one")
    forward = {"priority": None, "conditions": [], "actions": [{"Type": "forward", "TargetGroupArn": WEB}]}
    config = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    redirect = {"priority": None, "conditions": [], "actions": [{"Type": "redirect", "RedirectConfig": config}]}
    world.configure(
        [one.target()],
        listeners=[
            {"arn": f"{LB}/80", "port": 80, "local_port": world.port, "protocol": "HTTP", "rules": [redirect]},
            {"arn": f"{LB}/443", "port": 443, "local_port": secure, "protocol": "HTTPS", "rules": [forward]},
        ],
    )
    world.until(one, "healthy")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", secure, timeout=ENOUGH, context=context)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"one"
    connection.close()
    assert one.seen[-1].headers["X-Forwarded-Proto"] == "https"
    described = json.loads(world.fetch(port=balancer[0], headers=BEARER).body)
    assert described["listeners"] == {f"{LB}/80": world.port, f"{LB}/443": secure}
    assert world.fetch("/x").headers["Location"] == f"https://127.0.0.1:{secure}/x"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have 127.0.0.1 only")
def test_load_balancers_share_a_port_on_addresses_of_their_own(world: World, api: FakeInternalApi):
    """A request reaches the one whose address it was sent to, and a redirect stays there."""
    one = world.app("one")
    world.configure([one.target()])
    world.until(one, "healthy")
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "two"}}
    listener = {"arn": f"{LB}2/80", "port": 80, "local_port": world.port, "protocol": "HTTP"}
    rules = [{"priority": None, "conditions": [], "actions": [fixed]}]

    def add(resources: dict[str, dict[str, Any]]) -> None:
        balancers = resources["load-balancers"]["load_balancers"]
        listeners = [{**listener, "rules": rules}]
        balancers.append({**balancers[0], "arn": f"{LB}2", "address": "127.0.1.1", "listeners": listeners})

    api.update(add)
    until(lambda: not is_free(world.port, "127.0.1.1"))
    assert world.fetch().body == "one"
    assert world.fetch(host="127.0.1.1").body == "two"


def test_traffic_goes_on_while_the_control_plane_is_down(world: World, api: FakeInternalApi):
    """The aws process fails: requests are served and health is checked; what changed is told afterwards."""
    one, two = world.app("one"), world.app("two")
    world.configure([one.target(), two.target()])
    world.until(one, "healthy")
    world.until(two, "healthy")
    api.failing = True
    two.health = 500
    until(lambda: {world.fetch().body for _ in range(4)} == {"one"})
    api.failing = False
    world.until(two, "unhealthy")


def test_in_a_dark_region_nobody_answers(world: World, api: FakeInternalApi):
    """Requests in flight are cut and new connections refused; once it returns, it serves at the same port."""
    one = world.app("one")
    world.configure([one.target()])
    world.until(one, "healthy")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        held = pool.submit(world.fetch, "/held")
        until(lambda: [request.path for request in one.seen] == ["/held"])
        world.darken(True)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            held.result(ENOUGH)
        one.release.set()
    until(lambda: _refused(world))
    world.darken(False)
    until(lambda: not _refused(world))
    assert world.fetch().body == "one"


def _refused(world: World) -> bool:
    try:
        world.fetch()
    except ConnectionError:
        return True
    return False


def test_metrics_are_those_of_an_alb(world: World, api: FakeInternalApi):
    """Requests, codes, response times and host counts arrive with AWS's names and dimensions."""
    one = world.app("one")
    world.configure([one.target()])
    world.until(one, "healthy")
    for path in ("/", "/", "/=404", "/=500"):
        world.fetch(path)

    def totals() -> Counter[tuple[str, tuple[str, ...]]] | None:
        found: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for path, body in api.posts:
            if path == "metrics":
                for datum in body["data"]:
                    dimensions = tuple(sorted(datum["dimensions"]))
                    found[datum["name"], dimensions] += datum.get("value") or len(datum.get("values", ()))
        return found if found["RequestCount", ("LoadBalancer",)] == 4 else None

    found = api.wait_for(totals)
    both = ("LoadBalancer", "TargetGroup")
    assert found["RequestCount", both] == 4
    assert found["RequestCountPerTarget", ("TargetGroup",)] == 4
    assert [found[f"HTTPCode_Target_{code}XX_Count", both] for code in (2, 4, 5)] == [2, 1, 1]
    assert found["TargetResponseTime", both] == 4
    assert found["HealthyHostCount", both] >= 1
    dimensions = [datum["dimensions"] for path, body in api.posts if path == "metrics" for datum in body["data"]]
    assert {"TargetGroup": "targetgroup/web/1", "LoadBalancer": "app/shop/0123456789abcdef"} in dimensions


def test_its_own_account_is_for_those_with_the_key(world: World, balancer: Started):
    """Not for web pages, and not for strangers."""
    assert world.fetch(port=balancer[0]).status == 401
    assert world.fetch(port=balancer[0], headers={**BEARER, "Origin": "https://evil.example"}).status == 403
    assert world.fetch(port=balancer[0], headers={**BEARER, "Host": "evil.example"}).status == 403
