"""Pulumi's values on the wire, to and from plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

from rollout.model.problem import visible

#: What stands on the wire for a value that only the write will tell, and what marks a struct as a wrapped secret.
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"

Properties = dict[str, Any]


def plain(struct: struct_pb2.Struct) -> Properties:
    """A struct as plain Python; whole numbers, which arrive as floats, are ints again."""
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "struct_value":
        fields = value.struct_value.fields
        return _plain(fields["value"]) if SIGNATURE in fields else plain(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    return value.bool_value if kind == "bool_value" else None


def struct(values: Mapping[str, Any], unknown: object) -> struct_pb2.Struct:
    """Plain Python as a struct; `unknown` stands for what only the write will tell.

    A text that somebody wrote into a store is shown by the engine as it is: what no reader sees is written out here.
    """
    return struct_pb2.Struct(fields={key: _value(value, unknown) for key, value in values.items()})


def _value(value: Any, unknown: object) -> struct_pb2.Value:
    if value is unknown:
        return struct_pb2.Value(string_value=UNKNOWN)
    if value is None:
        return struct_pb2.Value(null_value=0)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, (int, float)):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=visible(value))
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=struct(value, unknown))
    if isinstance(value, (list, tuple)):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_value(item, unknown) for item in value]))
    raise TypeError(f"{type(value).__name__} is no Pulumi value")
