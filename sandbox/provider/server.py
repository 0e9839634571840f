"""The servicer: Pulumi's resource provider protocol over the table of resource types.

The protocol is that of pulumi/proto/provider.proto. The engine attaches to one process for all its provider resources
and sends no word of which it means; each has a connection of its own, though, so that is what tells them apart.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import NoReturn, TypeAlias

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.provider import configuration, operations, replies
from sandbox.provider.call import Call, Clients
from sandbox.provider.check import Naming, check
from sandbox.provider.diff import differences, must_go_first
from sandbox.provider.errors import ProviderError, explain
from sandbox.provider.properties import UNKNOWN, Bag, contains_unknown, decode, encode
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Props

VERSION = "7.51.1"
Context: TypeAlias = grpc.ServicerContext
Request: TypeAlias = (
    pb.CheckRequest
    | pb.DiffRequest
    | pb.CreateRequest
    | pb.ReadRequest
    | pb.UpdateRequest
    | pb.DeleteRequest
    | pb.InvokeRequest
)
_TIMEOUT = 1200.0  # seconds, where the program sets no custom timeout
_log = logging.getLogger(__name__)


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine from a table of resource types and one of invokes."""

    def __init__(
        self,
        clients: Clients,
        resources: dict[str, Resource],
        invokes: dict[str, Callable[[Call, Props], Props]],
    ) -> None:
        self._clients = clients
        self._resources = resources
        self._invokes = invokes
        self._configurations = configuration.ByConnection()

    def Handshake(self, request: pb.ProviderHandshakeRequest, context: Context) -> pb.ProviderHandshakeResponse:
        """Say what this provider accepts."""
        return pb.ProviderHandshakeResponse(accept_secrets=True, supports_autonaming_configuration=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> Empty:
        """Do nothing: this provider never calls the engine back."""
        return Empty()

    def GetPluginInfo(self, request: Empty, context: Context) -> plugin_pb2.PluginInfo:
        """Return the version of the provider that this one stands in for."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: pb.GetSchemaRequest, context: Context) -> pb.GetSchemaResponse:
        """Return the types and properties that are served."""
        return pb.GetSchemaResponse(schema=json.dumps(replies.schema(self._resources, VERSION)))

    def CheckConfig(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        """Refuse provider settings that would have no effect here."""
        bag = decode(request.news)
        failures = [
            pb.CheckFailure(property=name, reason=reason) for name, reason in configuration.problems(bag.values)
        ]
        return pb.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        """Compare provider settings; a change never replaces the provider, as each resource has its own diff."""
        changes = pb.DiffResponse.DIFF_NONE
        if decode(request.olds).values != decode(request.news).values:
            changes = pb.DiffResponse.DIFF_SOME
        return pb.DiffResponse(changes=changes)

    def Configure(self, request: pb.ConfigureRequest, context: Context) -> pb.ConfigureResponse:
        """Keep the region and default tags for this connection."""
        try:
            made = configuration.parse(decode(request.args).values)
            configuration.allow_account(made, Call(self._clients, made.region, _TIMEOUT))
        except Exception as error:
            self._abort(context, explain("configuring", "pulumi:providers:aws", "aws", error))
        else:
            self._configurations.put(context.peer(), made)
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True)

    def Check(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        """Complete the inputs of a resource, or say what is wrong with them."""
        resource = self._resource(request, context)
        news, settings = decode(request.news), self._configurations.get(context.peer())
        naming = Naming(
            logical=_name(request),
            seed=request.randomSeed,
            proposal=request.autonaming.proposed_name,
            required=request.autonaming.mode == pb.CheckRequest.AutonamingOptions.DISABLE,
        )
        inputs, problems = check(
            resource,
            news.values,
            decode(request.olds).values,
            naming=naming,
            region=settings.region,
            tags=settings.tags,
        )
        failures = [pb.CheckFailure(property=name, reason=reason) for name, reason in problems]
        return pb.CheckResponse(inputs=encode(inputs, news.secrets), failures=failures)

    def Diff(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        """Return what the new inputs change, and whether that takes a new resource."""
        resource = self._resource(request, context)
        old = decode(request.old_inputs).values or decode(request.olds).values
        new = decode(request.news).values
        return replies.diff(differences(resource, old, new), first=must_go_first(resource, old, new))

    def Create(self, request: pb.CreateRequest, context: Context) -> pb.CreateResponse:
        """Make the resource; what was made before a failure is kept in the state."""
        resource, inputs = self._resource(request, context), decode(request.properties)
        if request.preview:
            state = operations.preview(resource, {}, inputs.values, set())
            return pb.CreateResponse(properties=self._encode(resource, state, inputs))
        call = self._call(request, context, inputs.values)
        try:
            self._refuse_unknown(inputs)
            call.created(resource.create(call, inputs.values))
            state = operations.read(resource, call, str(call.created_id), inputs.values)
        except Exception as error:
            message = self._message("creating", request, error)
            if call.created_id is None:
                self._abort(context, message)
            state = operations.read_partial(resource, call, inputs.values)
            replies.abort_half_made(context, str(call.created_id), self._encode(resource, state, inputs), message)
        return pb.CreateResponse(
            id=call.created_id or "", properties=self._encode(resource, state or inputs.values, inputs)
        )

    def Read(self, request: pb.ReadRequest, context: Context) -> pb.ReadResponse:
        """Return what AWS says of a resource, for a refresh or an import; without an id if it is gone."""
        resource = self._resource(request, context)
        old, inputs = decode(request.properties), decode(request.inputs)
        id_, region = operations.imported(resource, request.id) if not old.values else (request.id, {})
        call = self._call(request, context, {**inputs.values, **region, **old.values})
        secrets = Bag({}, old.secrets | inputs.secrets)
        try:
            state = operations.read(resource, call, id_, old.values)
        except Exception as error:
            self._abort(context, self._message("reading", request, error))
        if state is None:
            return pb.ReadResponse()
        return pb.ReadResponse(
            id=id_,
            properties=self._encode(resource, state, secrets),
            inputs=self._encode(resource, operations.inputs_of(resource, inputs.values, state), secrets),
        )

    def Update(self, request: pb.UpdateRequest, context: Context) -> pb.UpdateResponse:
        """Change a resource in place; after a failure the state stays as it was, so that the next run tries again."""
        resource = self._resource(request, context)
        old, new = decode(request.olds), decode(request.news)
        old_inputs = decode(request.old_inputs).values or old.values
        changed = {d.field for d in differences(resource, old_inputs, new.values)}
        if request.preview:
            state = operations.preview(resource, old.values, new.values, changed)
            return pb.UpdateResponse(properties=self._encode(resource, state, new))
        call = self._call(request, context, {**old.values, **new.values})
        try:
            self._refuse_unknown(new)
            changed = changed or operations.settable(resource, new.values)
            resource.update(call, request.id, old.values, new.values, changed)
            prior = operations.overlay(resource, old.values, new.values)
            state = operations.read(resource, call, request.id, prior)
            if state is None:
                raise ProviderError("it is gone; `pulumi refresh` makes the state say so")
        except Exception as error:
            self._abort(context, self._message("updating", request, error))
        return pb.UpdateResponse(properties=self._encode(resource, state, new))

    def Delete(self, request: pb.DeleteRequest, context: Context) -> Empty:
        """Delete a resource; it is not an error if it is already gone."""
        resource, old = self._resource(request, context), decode(request.properties)
        call = self._call(request, context, {**decode(request.old_inputs).values, **old.values})
        try:
            operations.delete(resource, call, request.id, old.values)
        except Exception as error:
            self._abort(context, self._message("deleting", request, error))
        return Empty()

    def Invoke(self, request: pb.InvokeRequest, context: Context) -> pb.InvokeResponse:
        """Answer a data source."""
        args = decode(request.args)
        invoke = self._invokes.get(request.tok)
        if invoke is None:
            self._abort(context, replies.unknown(request.tok, "function", self._invokes))
        call = self._call(request, context, args.values)
        try:
            result = invoke(call, args.values)
        except Exception as error:
            self._abort(context, self._message("calling", request, error))
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(encode({"region": call.region, **result}))
        return response

    def Cancel(self, request: Empty, context: Context) -> Empty:
        """End every wait in progress."""
        self._configurations.cancelled(context.peer()).set()
        return Empty()

    def _resource(self, request: Request, context: Context) -> Resource:
        token = _token(request)
        if token not in self._resources:
            self._abort(context, replies.unknown(token, "resource type", self._resources))
        return self._resources[token]

    def _call(self, request: Request, context: Context, values: Props) -> Call:
        region = values.get("region") or self._configurations.get(context.peer()).region
        timeout = getattr(request, "timeout", 0) or _TIMEOUT
        return Call(self._clients, region, timeout, self._configurations.cancelled(context.peer()))

    def _encode(self, resource: Resource, state: Props, like: Bag) -> Struct:
        secret = {name for name, f in resource.fields.items() if f.secret} | like.secrets
        return encode(state, secret | ({"tagsAll"} if "tags" in secret else set()))

    def _message(self, action: str, request: Request, error: Exception) -> str:
        if not isinstance(error, ProviderError):
            _log.debug("%s %s", action, _token(request), exc_info=error)
        return explain(action, _token(request), _name(request), error)

    @staticmethod
    def _refuse_unknown(bag: Bag) -> None:
        unknown = [name for name, value in bag.values.items() if contains_unknown(value)]
        if unknown:
            raise ProviderError(f"{', '.join(sorted(unknown))} must be known by now; still {UNKNOWN}")

    @staticmethod
    def _abort(context: Context, message: str) -> NoReturn:
        context.abort(grpc.StatusCode.UNKNOWN, message)


def _token(request: Request) -> str:
    return request.tok if isinstance(request, pb.InvokeRequest) else request.type


def _name(request: Request) -> str:
    return "" if isinstance(request, pb.InvokeRequest) else request.name
