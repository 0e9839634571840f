"""Answers to the engine that take more than a line to make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from sandbox.provider.diff import Difference
from sandbox.provider.resource import Resource
from sandbox.provider.schema import MAPS, Field

_KINDS = {
    ("add", False): pb.PropertyDiff.ADD,
    ("add", True): pb.PropertyDiff.ADD_REPLACE,
    ("delete", False): pb.PropertyDiff.DELETE,
    ("delete", True): pb.PropertyDiff.DELETE_REPLACE,
    ("update", False): pb.PropertyDiff.UPDATE,
    ("update", True): pb.PropertyDiff.UPDATE_REPLACE,
}
_TYPES = {"number": "number", "flag": "boolean", "list": "array", "set": "array", **dict.fromkeys(MAPS, "object")}


def diff(differences: Sequence[Difference], *, first: bool) -> pb.DiffResponse:
    """Return the answer to a Diff; `first` where what is replaced must be deleted before the new one is made."""
    some = pb.DiffResponse.DIFF_SOME if differences else pb.DiffResponse.DIFF_NONE
    replaces = sorted({d.field for d in differences if d.replace})
    return pb.DiffResponse(
        changes=some,
        diffs=sorted({d.field for d in differences}),
        replaces=replaces,
        deleteBeforeReplace=first and bool(replaces),
        hasDetailedDiff=True,
        detailedDiff={d.path: pb.PropertyDiff(kind=_KINDS[d.kind, d.replace], inputDiff=True) for d in differences},
    )


def abort_half_made(context: grpc.ServicerContext, id_: str, properties: Struct, message: str) -> NoReturn:
    """Fail a Create so that the engine keeps the resource and finishes it in the next run."""
    detail = pb.ErrorResourceInitFailed(id=id_, properties=properties, reasons=[message])
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)


def unknown(token: str, what: str, known: Iterable[str]) -> str:
    """Return the error for a token that is not in the table."""
    return f"the sandbox's provider does not know the {what} {token}; it knows {', '.join(sorted(known))}"


def schema(resources: Mapping[str, Resource], version: str) -> dict[str, Any]:
    """Return a Pulumi package schema of the table, for tools that ask for one."""
    return {
        "name": "aws",
        "version": version,
        "resources": {t: _resource_schema(r) for t, r in resources.items()},
    }


def _resource_schema(resource: Resource) -> dict[str, Any]:
    inputs = {name: _type_schema(field) for name, field in resource.inputs.items()}
    outputs = {name: {"$ref": "pulumi.json#/Any"} for name in resource.outputs}
    required = [name for name, field in resource.inputs.items() if field.required]
    return {"inputProperties": inputs, "properties": {**inputs, **outputs}, "requiredInputs": required}


def _type_schema(field: Field) -> dict[str, Any]:
    if field.kind == "block":
        return {"$ref": "pulumi.json#/Any"}
    made: dict[str, Any] = {"type": _TYPES.get(field.kind, "string")}
    if field.of is not None:
        made["additionalProperties" if made["type"] == "object" else "items"] = _type_schema(field.of)
    return made
