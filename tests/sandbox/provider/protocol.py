"""The engine's side of the provider protocol, for tests that need no engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import grpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from sandbox.provider.properties import decode, encode
from sandbox.provider.schema import Props, Value

REGION = "eu-central-1"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:test::slipway::{type_}::{name}"


@dataclass
class Made:
    """A resource as the engine keeps it in its state."""

    type: str
    name: str
    id: str
    inputs: Props
    state: Props

    @property
    def urn(self) -> str:
        return urn(self.type, self.name)


class Connection:
    """One provider instance of the engine: a connection of its own, as the engine makes it."""

    def __init__(self, port: int) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def configure(self, **settings: Value) -> pb.ConfigureResponse:
        self.stub.Handshake(pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        return self.stub.Configure(pb.ConfigureRequest(args=encode(settings), acceptSecrets=True))

    def check(
        self,
        type_: str,
        name: str,
        news: Props,
        olds: Props | None = None,
        *,
        secrets: Iterable[str] = (),
        seed: bytes = b"seed",
    ) -> tuple[Props, dict[str, str]]:
        """The complete inputs, and the failures as {property: reason}."""
        request = pb.CheckRequest(
            urn=urn(type_, name),
            name=name,
            type=type_,
            news=encode(news, secrets),
            olds=encode(olds or {}),
            randomSeed=seed,
        )
        reply = self.stub.Check(request)
        return decode(reply.inputs).values, {f.property: f.reason for f in reply.failures}

    def preview(self, type_: str, name: str, news: Props) -> Props:
        """The state that a preview of a creation foretells."""
        inputs, failures = self.check(type_, name, news)
        assert not failures
        request = pb.CreateRequest(urn=urn(type_, name), name=name, type=type_, properties=encode(inputs), preview=True)
        return decode(self.stub.Create(request).properties).values

    def create(self, type_: str, name: str, news: Props, secrets: Iterable[str] = ()) -> Made:
        """Check and Create, as the engine does them."""
        inputs, failures = self.check(type_, name, news)
        assert not failures
        properties = encode(inputs, secrets)
        reply = self.stub.Create(pb.CreateRequest(urn=urn(type_, name), name=name, type=type_, properties=properties))
        return Made(type_, name, reply.id, inputs, decode(reply.properties).values)

    def diff(self, made: Made, news: Props) -> tuple[pb.DiffResponse, Props]:
        """The reply to a Diff against the complete form of the new inputs, and those."""
        inputs, failures = self.check(made.type, made.name, news, made.inputs)
        assert not failures
        request = pb.DiffRequest(
            id=made.id,
            urn=made.urn,
            name=made.name,
            type=made.type,
            olds=encode(made.state),
            old_inputs=encode(made.inputs),
            news=encode(inputs),
        )
        return self.stub.Diff(request), inputs

    def update(self, made: Made, news: Props, preview: bool = False) -> Made:
        """The state after an update to the new inputs."""
        inputs, failures = self.check(made.type, made.name, news, made.inputs)
        assert not failures
        request = pb.UpdateRequest(
            id=made.id,
            urn=made.urn,
            name=made.name,
            type=made.type,
            olds=encode(made.state),
            old_inputs=encode(made.inputs),
            news=encode(inputs),
            preview=preview,
        )
        state = decode(self.stub.Update(request).properties).values
        return Made(made.type, made.name, made.id, inputs, state)

    def read(self, made: Made) -> Made | None:
        """What a refresh makes of the resource; None where it is gone."""
        return self.read_reply(made.type, made.name, made.id, made.state, made.inputs)

    def read_reply(
        self, type_: str, name: str, id_: str, state: Props | None = None, inputs: Props | None = None
    ) -> Made | None:
        request = pb.ReadRequest(
            id=id_,
            urn=urn(type_, name),
            name=name,
            type=type_,
            properties=encode(state or {}),
            inputs=encode(inputs or {}),
        )
        reply = self.stub.Read(request)
        if not reply.id:
            return None
        return Made(type_, name, reply.id, decode(reply.inputs).values, decode(reply.properties).values)

    def delete(self, made: Made) -> None:
        self.stub.Delete(
            pb.DeleteRequest(id=made.id, urn=made.urn, name=made.name, type=made.type, properties=encode(made.state))
        )

    def invoke(self, token: str, **args: Value) -> Props:
        reply = self.stub.Invoke(pb.InvokeRequest(tok=token, args=encode(args)))
        return decode(getattr(reply, "return")).values


def half_made(error: grpc.RpcError) -> pb.ErrorResourceInitFailed:
    """The ErrorResourceInitFailed that a failed call carries."""
    details = {each.key: each.value for each in error.trailing_metadata()}["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    detail = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail
