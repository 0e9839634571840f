"""An emulator and the DNS server of its zones; endpoints that a test makes healthy or not."""

from __future__ import annotations

import http.server
import threading
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dnslib

from tests.aws.emulator import Emulator
from tests.aws.playing import running
from tests.sandbox.fake_internal_api import process
from tests.waiting import ENOUGH

_dns: Any = dnslib


@dataclass(frozen=True)
class Reply:
    """A reply: its code, and (type, ttl, value) of each record in it."""

    code: str
    records: list[tuple[str, int, str]]
    authority: list[str]
    truncated: bool
    authoritative: bool

    @property
    def values(self) -> list[str]:
        return [value for _, _, value in self.records]


@dataclass
class World:
    """Both processes, and a zone of a test's own."""

    aws: Emulator
    port: int
    domain: str = field(default_factory=lambda: f"{uuid.uuid4().hex[:8]}.example.com")
    zone: str = ""

    def __post_init__(self) -> None:
        made = self.route53.create_hosted_zone(Name=self.domain, CallerReference=self.domain)
        self.zone = made["HostedZone"]["Id"].rpartition("/")[2]

    @property
    def route53(self) -> Any:
        return self.aws.client("route53")

    def change(self, *changes: tuple[str, dict[str, Any]]) -> None:
        """Make changes to the zone, in one batch. Names are relative to it."""
        batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": batch})

    def record(self, name: str, type_: str, *values: str, ttl: int = 300, **more: Any) -> dict[str, Any]:
        shown = {"TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]} if values else {}
        return {"Name": self.name(name), "Type": type_, **shown, **more}

    def name(self, name: str) -> str:
        return f"{name}.{self.domain}" if name else self.domain

    def ask(self, name: str, type_: str = "A", *, tcp: bool = False) -> Reply:
        """Ask the server about a name of the zone."""
        return ask(self.port, self.name(name), type_, tcp=tcp)

    def health_check(self, fqdn: str, **config: Any) -> str:
        """Make a health check, and return its id."""
        wanted = {"Type": "HTTP", "RequestInterval": 10, "FailureThreshold": 1, "ResourcePath": "/", **config}
        made = self.route53.create_health_check(
            CallerReference=uuid.uuid4().hex, HealthCheckConfig={**wanted, "FullyQualifiedDomainName": fqdn}
        )
        return str(made["HealthCheck"]["Id"])

    def status(self, check: str) -> str:
        """Return what GetHealthCheckStatus says; "" before the first check."""
        seen = self.route53.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
        return str(seen[0]["StatusReport"]["Status"]) if seen else ""


def ask(port: int, name: str, type_: str = "A", *, tcp: bool = False) -> Reply:
    """Ask the server at `port`."""
    query = _dns.DNSRecord.question(name, type_)
    reply = _dns.DNSRecord.parse(query.send("127.0.0.1", port, tcp=tcp, timeout=ENOUGH))
    assert reply.header.id == query.header.id
    return Reply(
        code=_dns.RCODE[reply.header.rcode],
        records=[(_dns.QTYPE[each.rtype], each.ttl, str(each.rdata)) for each in reply.rr],
        authority=[_dns.QTYPE[each.rtype] for each in reply.auth],
        truncated=bool(reply.header.tc),
        authoritative=bool(reply.header.aa),
    )


@contextmanager
def both(folder: Path) -> Generator[tuple[Emulator, int]]:
    """Run the emulator and the DNS server."""
    with (
        running() as aws,
        process("-m", "sandbox.dns", "--endpoint", aws.url, log=folder / "dns.log") as (port, _),
    ):
        yield aws, port


class Endpoint:
    """An HTTP server that answers with `status` and `body`, or with nothing while it is `silent`."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"hello"
        self.delay = threading.Event()
        self.delay.set()
        self.seen: list[tuple[str, str]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.seen.append((self.headers["Host"], self.path))
                outer.delay.wait(ENOUGH)
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def __enter__(self) -> Endpoint:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.delay.set()
        self.server.shutdown()
        self.thread.join(ENOUGH)
        self.server.server_close()
