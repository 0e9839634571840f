"""Tests of release/drill/proxy.py and hosts.py, with real TLS and botocore on this machine."""

from __future__ import annotations

import asyncio
import datetime
import http.client
import socket
import ssl
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ProxyConnectionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from release.drill import hosts
from release.drill.proxy import LOOPBACK, Proxy, Streams, by_way_of
from release.drill.report import GLOBAL, REFUSED, SECOND

EC2 = "ec2.eu-central-1.amazonaws.com"
ANSWER = (
    b"<DescribeRegionsResponse><regionInfo><item><regionName>eu-central-1</regionName></item></regionInfo>"
    b"</DescribeRegionsResponse>"
)


class Aws(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:
        pass


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate of a host and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return certificate(tmp_path, EC2)


@pytest.fixture
def server(pem: Path) -> Iterator[int]:
    """A TLS server with the certificate of EC2's endpoint; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    running = ThreadingHTTPServer((LOOPBACK, 0), Aws)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running.server_address[1]
    running.shutdown()
    running.server_close()
    thread.join(10)


def proxy(port: int) -> Proxy:
    """A proxy that leads every host that it lets through to this port, as DNS leads to AWS."""

    async def connect(_host: str, _port: int) -> Streams:
        return await asyncio.open_connection(LOOPBACK, port)

    return Proxy(hosts.allowed("eu-central-1").scope, connect=connect)


def ec2(through: Proxy, pem: Path, region: str) -> Any:
    config = Config(proxies={"https": through.url}, retries={"total_max_attempts": 1}, connect_timeout=5)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("ec2", region_name=region, verify=str(pem), config=config, **keys)


def test_the_second_region_is_reached_through_the_proxy(server: int, pem: Path):
    """boto3's call to the second region passes, end to end in TLS, and is counted."""
    with proxy(server) as through:
        assert ec2(through, pem, "eu-central-1").describe_regions()["Regions"][0]["RegionName"] == "eu-central-1"
        [host] = through.hosts()
    assert (host.name, host.scope, host.asked, host.failed) == (EC2, SECOND, 1, 0)


def test_the_first_region_is_refused(server: int, pem: Path):
    """boto3's call to the first region fails, and the host that it asked for is on the list."""
    with proxy(server) as through:
        with pytest.raises(ProxyConnectionError):
            ec2(through, pem, "eu-west-1").describe_regions()
        [host] = through.hosts()
    assert (host.name, host.scope) == ("ec2.eu-west-1.amazonaws.com", REFUSED)


def asked(through: Proxy, line: str) -> bytes:
    """What the proxy answers to one line."""
    with socket.create_connection((LOOPBACK, through.port), timeout=10) as connection:
        connection.sendall(f"{line}\r\n\r\n".encode())
        return connection.makefile("rb").readline()


@pytest.mark.parametrize(
    ("line", "status", "host"),
    [
        ("CONNECT github.com:443 HTTP/1.1", b"403", "github.com"),
        ("CONNECT ec2.eu-central-1.amazonaws.com:22 HTTP/1.1", b"403", EC2),
        ("CONNECT [::1]:443 HTTP/1.1", b"403", "[::1]"),
        ("GET http://example.com/ HTTP/1.1", b"405", "example.com"),
        ("CONNECT ec2.eu-central-1.amazonaws.com HTTP/1.1", b"405", "(not HTTPS)"),
        ("CONNECT EVIL.COM/.eu-central-1.amazonaws.com:443 HTTP/1.1", b"405", "(not HTTPS)"),
    ],
)
def test_all_else_is_refused(line: str, status: bytes, host: str):
    """Git hosts, other ports, addresses, plain HTTP and what is no request are refused, and listed."""
    with proxy(1) as through:
        assert status in asked(through, line)
        [seen] = through.hosts()
    assert (seen.name, seen.scope, seen.asked) == (host, REFUSED, 1)


def test_a_host_that_does_not_answer_is_counted():
    """A host that is let through and can't be reached is listed as one that did not answer."""
    with socket.create_server((LOOPBACK, 0)) as closed:
        port = closed.getsockname()[1]
    with proxy(port) as through:
        assert b"502" in asked(through, f"CONNECT {EC2}:443 HTTP/1.1")
        [seen] = through.hosts()
    assert (seen.scope, seen.asked, seen.failed) == (SECOND, 1, 1)


@pytest.mark.parametrize(("user", "answered"), [("ada:s%40fe@", True), ("", False)])
def test_a_proxy_that_this_machine_has_to_use_stays_in_the_way(server: int, pem: Path, user: str, answered: bool):
    """The drill's proxy asks that one, with its password; what that refuses did not answer."""
    with guarding_proxy(server) as port:
        upstream = by_way_of(f"http://{user}{LOOPBACK}:{port}")
        with Proxy(hosts.allowed("eu-central-1").scope, connect=upstream) as through:
            if answered:
                assert ec2(through, pem, "eu-central-1").describe_regions()["Regions"]
            else:
                assert b"502" in asked(through, f"CONNECT {EC2}:443 HTTP/1.1")
            [seen] = through.hosts()
    assert (seen.scope, seen.failed) == (SECOND, int(not answered))


@contextmanager
def guarding_proxy(target: int) -> Generator[int]:
    """A proxy that wants `ada` and her password, and leads everybody to one port."""
    with socket.create_server((LOOPBACK, 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += connection.recv(1)
                if b"Proxy-Authorization: Basic YWRhOnNAZmU=\r\n" not in head:
                    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                    return
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                with socket.create_connection((LOOPBACK, target)) as there:
                    back = threading.Thread(target=pour, args=(there, connection))
                    back.start()
                    pour(connection, there)
                    back.join(10)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


def pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # the other side has closed both ways
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_the_proxy_ends_with_connections_open(server: int, pem: Path, caplog: pytest.LogCaptureFixture):
    """The end of a drill waits for nobody: an open tunnel is closed without a word, and the port is free."""
    with proxy(server) as through:
        connection = http.client.HTTPSConnection(
            LOOPBACK, through.port, context=ssl.create_default_context(cafile=str(pem)), timeout=10
        )
        connection.set_tunnel(EC2, 443)
        connection.connect()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, through.port), timeout=10)
    connection.close()
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("host", "scope"),
    [
        ("s3.eu-central-1.amazonaws.com", SECOND),
        ("bucket.s3.eu-central-1.amazonaws.com", SECOND),
        ("bucket.s3.dualstack.eu-central-1.amazonaws.com", SECOND),
        ("ec2.eu-central-1.api.aws", SECOND),
        ("shop-1.eu-central-1.elb.amazonaws.com", SECOND),
        ("S3.EU-CENTRAL-1.AMAZONAWS.COM.", SECOND),
        ("iam.amazonaws.com", GLOBAL),
        ("sts.amazonaws.com", GLOBAL),
        ("route53.amazonaws.com", GLOBAL),
        ("s3.amazonaws.com", REFUSED),
        ("s3.eu-west-1.amazonaws.com", REFUSED),
        ("s3.eu-central-1.amazonaws.com.example.com", REFUSED),
        ("eu-central-1.amazonaws.com", REFUSED),
        ("api.pulumi.com", REFUSED),
        ("github.com", REFUSED),
    ],
)
def test_which_hosts_are_let_through(host: str, scope: str):
    """Endpoints of the second region and global ones, by botocore's data; nothing that only looks like one."""
    assert hosts.allowed("eu-central-1").scope(host) == scope


def test_other_partitions_have_their_own_names():
    """In China the suffix is another one, and the global endpoints are China's."""
    china = hosts.allowed("cn-north-1")
    assert china.scope("ec2.cn-north-1.amazonaws.com.cn") == SECOND
    assert china.scope("iam.amazonaws.com") == REFUSED
