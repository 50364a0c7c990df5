"""Carries values between the dataclasses of `temptrack.types` and messages; knows no transport.

A dataclass and its message have the same field names, so one rule serves them all:
repeated fields are tuples, maps are dictionaries, absent messages and absent optional numbers are
None, times are aware datetimes, a `Vector` is the tuple of its numbers and enumerations are their
names without the prefix in lower case, empty where unspecified.
"""

import dataclasses
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from types import UnionType
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

Value = TypeVar("Value")
MessageT = TypeVar("MessageT", bound=Message)

# Hints are slow to read, and a whole catalogue comes as a hundred thousand messages.
_FIELDS: dict[type, Mapping[str, type | None]] = {}


def from_message(kind: type[Value], message: Message) -> Value:
    """The dataclass `kind` with the fields of a message."""
    fields = message.DESCRIPTOR.fields_by_name
    values = {
        name: _read_field(message, fields[name], inner) for name, inner in _fields_of(kind).items()
    }
    return kind(**values)


def to_message(value: object, message: type[MessageT]) -> MessageT:
    """A message with the fields of a dataclass; None and what is empty are left out."""
    result: MessageT = message()
    fill_message(value, result)
    return result


def fill_message(value: object, message: Message) -> None:
    """Writes the fields of a dataclass into a message that is there already."""
    for name in _fields_of(type(value)):
        content = getattr(value, name)
        if content is None or content == () or content == {}:
            continue
        _write_field(message, message.DESCRIPTOR.fields_by_name[name], content)


def _fields_of(kind: type) -> Mapping[str, type | None]:
    """Field names of a dataclass, each with the dataclass it holds, if it holds one."""
    if kind not in _FIELDS:
        hints = typing.get_type_hints(kind)
        _FIELDS[kind] = {f.name: _dataclass_in(hints[f.name]) for f in dataclasses.fields(kind)}
    return _FIELDS[kind]


# `Any`: hints are types, unions and aliases, which have no common type.
def _dataclass_in(hint: Any) -> type | None:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return hint
    if isinstance(hint, UnionType) or typing.get_origin(hint) is not None:
        found = (_dataclass_in(part) for part in typing.get_args(hint))
        return next((kind for kind in found if kind is not None), None)
    return None


def _read_field(message: Message, field: FieldDescriptor, inner: type | None) -> object:
    content = getattr(message, field.name)
    if _is_map(field):
        return dict(content)
    if field.is_repeated:
        return tuple(_read_one(item, field, inner) for item in content)
    if field.has_presence and not message.HasField(field.name):
        return () if _holds_vector(field) else None
    return _read_one(content, field, inner)


# `Any`: what a field holds is known to its descriptor only.
def _read_one(content: Any, field: FieldDescriptor, inner: type | None) -> object:
    if field.enum_type is not None:
        name = str(field.enum_type.values_by_number[content].name)
        return name.partition("_")[2].lower() if content else ""
    if field.message_type is None:
        return content
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return content.ToDatetime(tzinfo=UTC)
    if _holds_vector(field):
        return tuple(content.values)
    if inner is None:
        raise TypeError(f"{field.full_name} holds a message, its dataclass field does not")
    return from_message(inner, content)


def _write_field(message: Message, field: FieldDescriptor, content: Any) -> None:
    target = getattr(message, field.name)
    if isinstance(content, Mapping):
        target.update(content)
    elif field.is_repeated and field.message_type is None:
        target.extend(content)
    elif field.is_repeated:
        for item in content:
            fill_message(item, target.add())
    elif isinstance(content, datetime):
        target.FromDatetime(content)
    elif field.message_type is not None:
        target.SetInParent()
        fill_message(content, target)
    else:
        setattr(message, field.name, content)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _holds_vector(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name == "temptrack.v1.Vector"
