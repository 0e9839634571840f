"""Word is bounded in time, trusts no wrong certificate, follows no redirect, and never raises."""

import datetime
import http.server
import ipaddress
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from release.notify import fact as facts
from release.notify import post, send
from release.notify.fact import Fact
from release.notify.targets import Target, target

FACT = Fact(what=facts.STARTED, stack="shop", by="ann", sha="0" * 40)
SECRET = "/T0123/abcdefSECRET"


class Webhook:
    """A real https server on loopback. `answers` are statuses, the last of which stays; 0 never answers."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", answers: tuple[int, ...] = (200,)) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answers = list(answers)
        self.hangs = threading.Event()
        self.certificate = certificate(folder, host)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def target(self) -> Target:
        return target(0, f"https://127.0.0.1:{self._server.server_port}{SECRET}")

    def close(self) -> None:
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.heard.append({"path": self.path, "type": self.headers["Content-Type"], **json.loads(body)})
                status = hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0]
                if not status:
                    hook.hangs.wait(60)
                    return
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


def certificate(folder: Path, host: str) -> Path:
    """Make a certificate for an address, signed by its own key; return its file. The key is beside it (key.pem)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, secrets.token_hex(8))])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture
def webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Webhook]:
    hook = Webhook(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(hook.certificate))
    monkeypatch.setattr(post, "_PAUSE", 0.0)
    yield hook
    hook.close()


def test_a_webhook_is_told_over_tls(webhook: Webhook):
    """The fact arrives as JSON, at the address that was given, and there is no warning."""
    assert send.tell([webhook.target], FACT) == []
    assert [(one["path"], one["type"], one["event"]) for one in webhook.heard] == [
        (SECRET, "application/json", "started")
    ]


@pytest.mark.parametrize(
    ("answers", "asked", "why"),
    [
        ((500,), 1, "it answered 500"),
        ((503,), 2, "it answered 503"),
        ((503, 200), 2, None),
        ((429, 204), 2, None),
        ((302,), 1, "it answered 302, and a redirect is not followed: set the address that it leads to"),
        ((404,), 1, "it answered 404: the webhook is gone, or its address is another one"),
    ],
)
def test_an_answer_that_is_no_success_is_a_warning(
    webhook: Webhook, answers: tuple[int, ...], asked: int, why: str | None
):
    """It is asked once more only where nothing was done the first time, and never where a redirect leads."""
    webhook.answers = list(answers)
    warnings = send.tell([webhook.target], FACT)
    assert len(webhook.heard) == asked
    assert warnings == ([f"notify[0] (127.0.0.1) was not told that the deploy started: {why}"] if why else [])


def test_what_hangs_is_left_and_does_not_hold_up_the_others(
    webhook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each is told in a thread of its own, and all of them together have a deadline."""
    monkeypatch.setattr(send, "TOTAL", 1.0)
    webhook.answers = [0]
    (tmp_path / "good").mkdir()
    good = Webhook(tmp_path / "good")
    trusted = tmp_path / "both.pem"
    trusted.write_text(webhook.certificate.read_text() + good.certificate.read_text())
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    began = time.monotonic()
    warnings = send.tell([target(1, webhook.target.address), good.target], FACT)
    assert 1 <= time.monotonic() - began < 5
    assert (len(webhook.heard), len(good.heard)) == (1, 1)
    assert warnings == ["notify[1] (127.0.0.1) was not told that the deploy started: no answer within 1 s"]
    good.close()


def test_a_certificate_that_nobody_trusts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is sent to whoever can't prove who it is; the warning says why."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    hook = Webhook(tmp_path)
    assert send.tell([hook.target], FACT) == [
        "notify[0] (127.0.0.1) was not told that the deploy started: its certificate is not trusted (self-signed "
        "certificate)"
    ]
    assert hook.heard == []
    hook.close()


def test_a_certificate_of_another_host_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A trusted certificate has to be for the host that is asked, too."""
    hook = Webhook(tmp_path, host="127.0.0.9")
    monkeypatch.setenv("SSL_CERT_FILE", str(hook.certificate))
    (warning,) = send.tell([hook.target], FACT)
    assert "its certificate is not trusted (IP address mismatch" in warning
    assert hook.heard == []
    hook.close()


def test_where_nothing_listens_is_said(monkeypatch: pytest.MonkeyPatch):
    """A connection that is refused is tried twice; the warning has the host and not the address."""
    monkeypatch.setattr(post, "_PAUSE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
    (warning,) = send.tell([target(0, f"https://127.0.0.1:{port}{SECRET}")], FACT)
    assert warning.endswith("nothing listens there")
    assert "SECRET" not in warning
