"""What can be said of a JSON Schema without a model server: that its parts are what they claim to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from core.errors import InvalidFile

_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_LISTS = ("enum", "anyOf", "oneOf", "allOf", "required")


def check_schema(schema: Mapping[str, object], *, file: str) -> None:
    """Raise InvalidFile, with the path of the part, unless this is a schema of an object."""
    if schema.get("type") != "object":
        raise _wrong(
            file, "output.type", schema.get("type"), "must be object", "Wrap the answer in an object."
        )
    _check(schema, file, "output")


def _check(schema: object, file: str, path: str) -> None:
    if not isinstance(schema, Mapping):
        raise _wrong(file, path, schema, "is not a schema", "Write an object with a type.")
    part = cast("Mapping[str, object]", schema)
    kinds = part.get("type", [])
    for kind in cast("list[object]", kinds) if isinstance(kinds, list) else [kinds]:
        if kind not in _TYPES:
            raise _wrong(file, f"{path}.type", kind, "is no JSON type", f"Use {', '.join(sorted(_TYPES))}.")
    for name in _LISTS:
        if name in part and (not isinstance(part[name], list) or not part[name]):
            raise _wrong(file, f"{path}.{name}", part[name], "is not a list with entries", "Write a list.")
    _check_properties(part, file, path)
    if "items" in part:
        _check(part["items"], file, f"{path}.items")


def _check_properties(part: Mapping[str, object], file: str, path: str) -> None:
    properties = part.get("properties", {})
    if not isinstance(properties, Mapping):
        raise _wrong(file, f"{path}.properties", properties, "is not an object", "Name each property.")
    named = cast("Mapping[str, object]", properties)
    for name, inner in named.items():
        _check(inner, file, f"{path}.properties.{name}")
    for name in cast("list[object]", part.get("required", [])):
        if name not in named:
            raise _wrong(
                file, f"{path}.required", name, "is not among the properties", "Describe it or drop it."
            )


def _wrong(file: str, path: str, value: object, problem: str, remedy: str) -> InvalidFile:
    return InvalidFile(f"{file} {path}", value, problem, remedy=remedy)
