"""Property bags between the Pulumi wire format and plain Python values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf import struct_pb2

from sandbox.provider.schema import Props, Value

# What the wire format marks its special values with (pulumi/sdk/go/common/resource/plugin/rpc.go).
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_ASSETS = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = {
    _UNKNOWN_TEXT,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}


class Unknown:
    """The type of `UNKNOWN`: a value that only an update will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Bag:
    """A decoded property bag, and which of its top-level properties hold a secret somewhere."""

    values: Props
    secrets: frozenset[str]


class _Decoder:
    """Decodes one property; remembers whether a secret was in it."""

    def __init__(self) -> None:
        self.secret = False

    def decode(self, value: struct_pb2.Value) -> Value:
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        if kind == "number_value":
            n = value.number_value
            return int(n) if n.is_integer() else n
        if kind == "bool_value":
            return value.bool_value
        if kind == "list_value":
            return [self.decode(v) for v in value.list_value.values]
        if kind == "struct_value":
            return self._object(value.struct_value.fields)
        return None

    def _object(self, fields: Mapping[str, struct_pb2.Value]) -> Value:
        signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
        if signature == _SECRET:
            self.secret = True
            return self.decode(fields["value"])
        if signature == _OUTPUT:
            self.secret |= "secret" in fields and fields["secret"].bool_value
            return self.decode(fields["value"]) if "value" in fields else UNKNOWN
        if signature == _RESOURCE:
            return self.decode(fields["id"]) if "id" in fields else fields["urn"].string_value
        if signature in _ASSETS:
            raise ValueError("assets and archives are not properties of any type here")
        decoded = {k: self.decode(v) for k, v in fields.items()}
        return {k: v for k, v in decoded.items() if v is not None}


def decode(struct: struct_pb2.Struct) -> Bag:
    """Return a bag's plain values: nulls left out, unknowns as `UNKNOWN`, whole numbers as int."""
    values: Props = {}
    secrets: set[str] = set()
    for name, value in struct.fields.items():
        decoder = _Decoder()
        decoded = decoder.decode(value)
        if decoded is not None:
            values[name] = decoded
        if decoder.secret:
            secrets.add(name)
    return Bag(values, frozenset(secrets))


def encode(values: Props, secrets: Iterable[str] = ()) -> struct_pb2.Struct:
    """Return the wire form of plain values; the properties named in `secrets` are marked as such."""
    marked = set(secrets)
    plain: Props = {}
    for name, value in values.items():
        if value is None:
            continue
        sendable = _sendable(value)
        plain[name] = {_SIGNATURE: _SECRET, "value": sendable} if name in marked else sendable
    struct = struct_pb2.Struct()
    struct.update(plain)
    return struct


def _sendable(value: Value) -> Value:
    if value is UNKNOWN:
        return _UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {k: _sendable(v) for k, v in cast(Props, value).items() if v is not None}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_sendable(v) for v in cast(Iterable[Any], value)]
    return value


def contains_unknown(value: Value) -> bool:
    """Return whether any part of the value is unknown."""
    if isinstance(value, Mapping):
        return any(contains_unknown(v) for v in cast(Props, value).values())
    if isinstance(value, list):
        return any(contains_unknown(v) for v in cast("list[Any]", value))
    return value is UNKNOWN
