"""The engine's side of the provider protocol, for tests that need no engine."""

from dataclasses import dataclass

import grpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from sandbox.provider.properties import decode, encode

REGION = "eu-central-1"


def urn(type_, name):
    return f"urn:pulumi:test::slipway::{type_}::{name}"


@dataclass
class Made:
    """A resource as the engine keeps it in its state."""

    type: str
    name: str
    id: str
    inputs: dict
    state: dict

    @property
    def urn(self):
        return urn(self.type, self.name)


class Connection:
    """One provider instance of the engine: a connection of its own, as the engine makes it."""

    def __init__(self, port):
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._channel.close()

    def configure(self, **settings):
        self.stub.Handshake(pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        return self.stub.Configure(pb.ConfigureRequest(args=encode(settings), acceptSecrets=True))

    def check(self, type_, name, news, olds=None, *, secrets=(), seed=b"seed"):
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

    def preview(self, type_, name, news):
        """The state that a preview of a creation foretells."""
        inputs, failures = self.check(type_, name, news)
        assert not failures
        request = pb.CreateRequest(urn=urn(type_, name), name=name, type=type_, properties=encode(inputs), preview=True)
        return decode(self.stub.Create(request).properties).values

    def create(self, type_, name, news, secrets=()):
        """Check and Create, as the engine does them."""
        inputs, failures = self.check(type_, name, news)
        assert not failures
        properties = encode(inputs, secrets)
        reply = self.stub.Create(pb.CreateRequest(urn=urn(type_, name), name=name, type=type_, properties=properties))
        return Made(type_, name, reply.id, inputs, decode(reply.properties).values)

    def diff(self, made, news):
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

    def update(self, made, news, preview=False):
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

    def read(self, made):
        """What a refresh makes of the resource; None where it is gone."""
        return self.read_reply(made.type, made.name, made.id, made.state, made.inputs)

    def read_reply(self, type_, name, id_, state=None, inputs=None):
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

    def delete(self, made):
        self.stub.Delete(
            pb.DeleteRequest(id=made.id, urn=made.urn, name=made.name, type=made.type, properties=encode(made.state))
        )

    def invoke(self, token, **args):
        reply = self.stub.Invoke(pb.InvokeRequest(tok=token, args=encode(args)))
        return decode(getattr(reply, "return")).values


def half_made(error):
    """The ErrorResourceInitFailed that a failed call carries."""
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    detail = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail
