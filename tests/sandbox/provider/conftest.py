"""An emulator (plain moto) and the provider in front of it, both in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import boto3
import moto.settings
import pytest
from moto.server import ThreadedMotoServer

from sandbox.provider.__main__ import serve
from tests.sandbox.provider.engine import Stack
from tests.sandbox.provider.protocol import REGION, Connection


class Clients(Protocol):
    """Makes boto3 clients."""

    def __call__(self, service: str, region: str = REGION) -> Any: ...


class Stacks(Protocol):
    """Makes the stack of a program, with variables for its environment."""

    def __call__(self, program: Path, **environment: str) -> Stack: ...


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The URL of a running moto."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moto.settings, "ACM_VALIDATION_WAIT", 0)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture(scope="session")
def port(emulator: str) -> Iterator[int]:
    """The port of a running provider."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        server, port = serve(emulator, 0)
    yield port
    server.stop(grace=None).wait()


@pytest.fixture
def aws(emulator: str) -> Clients:
    """A function that makes a boto3 client on the emulator."""

    def client(service: str, region: str = REGION) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=emulator,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return client


@pytest.fixture
def provider(port: int) -> Iterator[Connection]:
    """A configured connection to the provider."""
    with Connection(port) as connection:
        connection.configure(region=REGION)
        yield connection


@pytest.fixture
def stack(port: int, tmp_path: Path) -> Stacks:
    """A function that makes a Pulumi stack of a program, on the real engine."""

    def made(program: Path, **environment: str) -> Stack:
        return Stack(tmp_path, port, program, environment)

    return made
