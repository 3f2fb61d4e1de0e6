"""A JSON Schema checked in code, for servers that do not: the subset that Catchup's schemas use.

Knows $ref into $defs, type, enum, const, anyOf, properties, required, additionalProperties: false, items, minItems,
maxItems, minLength, maxLength, minimum and maximum. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from core.chat import Json

JSON_OBJECT: Final[Mapping[str, Json]] = {"type": "object"}
"""The schema of any JSON object at all, which the protocol calls `json_object`."""
SHOWN_CHOICES: Final = 12
_TYPES: Final[Mapping[str, frozenset[type]]] = {
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "string": frozenset({str}),
    "boolean": frozenset({bool}),
    "null": frozenset({type(None)}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
}

_Schema = Mapping[str, Json]


@dataclass(slots=True)
class Fitting:
    """What came of holding a value against a schema: `problems` break its shape, `strangers` are outside an enum."""

    value: Json = None
    problems: list[str] = field(default_factory=list[str])
    strangers: list[str] = field(default_factory=list[str])
    mended: bool = False


def fit(value: Json, schema: _Schema) -> Fitting:
    """Return the value with small faults mended, and what cannot be mended by place.

    Mended: a property that the schema forbids, null for an optional property, one thing where a list of such is due.
    """
    found = Fitting()
    found.value = _Fitter(schema, found).fit(value, dict(schema), "answer")
    return found


def outline(schema: Json) -> Json:
    """Return a schema as it is put into a prompt: a long enum becomes a few examples, for ids are many."""
    if isinstance(schema, list):
        return [outline(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    choices = schema.get("enum")
    if isinstance(choices, list) and len(choices) > SHOWN_CHOICES:
        rest = {key: value for key, value in schema.items() if key != "enum"}
        return {**rest, "type": "string", "examples": choices[:3]}
    return {key: outline(value) for key, value in schema.items()}


def response_format(schema: _Schema) -> dict[str, Json]:
    """Return the `response_format` of the OpenAI protocol that asks for a schema."""
    if schema == JSON_OBJECT:
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)},
    }


class _Fitter:
    """Walks value and schema together."""

    def __init__(self, root: _Schema, found: Fitting) -> None:
        self._root = root
        self._found = found

    def fit(self, value: Json, schema: Json, place: str) -> Json:
        """Return the value, mended; note what is wrong with it."""
        if not isinstance(schema, dict):
            return value
        if isinstance(reference := schema.get("$ref"), str):
            return self.fit(value, self._resolved(reference), place)
        if isinstance(options := schema.get("anyOf"), list):
            return self._any(value, options, place)
        if "items" in schema and value is not None and not isinstance(value, list):
            self._found.mended = True
            value = [value]
        if self._known(value, schema, place) and self._typed(value, schema, place):
            return self._inside(value, schema, place)
        return value

    def _inside(self, value: Json, schema: _Schema, place: str) -> Json:
        """Return a value of the right type, its parts mended."""
        if isinstance(value, dict):
            return self._object(value, schema, place)
        if isinstance(value, list):
            return self._array(value, schema, place)
        self._bounded(value, schema, place)
        return value

    def _resolved(self, reference: str) -> Json:
        found: Json = dict(self._root)
        for step in reference.removeprefix("#/").split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        return found

    def _any(self, value: Json, options: list[Json], place: str) -> Json:
        """Return what the first option makes of the value that has no complaint, else the last's."""
        tries: list[Fitting] = []
        for option in options:
            tried = Fitting()
            tried.value = _Fitter(self._root, tried).fit(value, option, place)
            tries.append(tried)
        best = min(tries, key=lambda tried: (len(tried.problems), len(tried.strangers), tried.mended))
        self._found.problems += best.problems
        self._found.strangers += best.strangers
        self._found.mended |= best.mended
        return best.value

    def _known(self, value: Json, schema: _Schema, place: str) -> bool:
        choices = [schema["const"]] if "const" in schema else schema.get("enum")
        if isinstance(choices, list) and value not in choices:
            kinds = {type(choice) for choice in choices}
            (self._found.strangers if type(value) in kinds else self._found.problems).append(
                f"{place}: not one of the values allowed"
            )
            return False
        return True

    def _typed(self, value: Json, schema: _Schema, place: str) -> bool:
        kinds = schema.get("type")
        names = [kinds] if isinstance(kinds, str) else cast("list[str]", kinds or [])
        if not names or any(_is(value, name) for name in names):
            return True
        self._found.problems.append(f"{place}: not of type {' or '.join(names)}")
        return False

    def _object(self, value: dict[str, Json], schema: _Schema, place: str) -> Json:
        properties = cast("dict[str, Json]", schema.get("properties") or {})
        required = cast("list[str]", schema.get("required") or [])
        kept: dict[str, Json] = {}
        for key, inner in value.items():
            strange = key not in properties and schema.get("additionalProperties") is False
            empty = inner is None and key not in required and not _takes_null(properties.get(key))
            if strange or empty:
                self._found.mended = True
            else:
                kept[key] = self.fit(inner, properties.get(key), f"{place}.{key}")
        self._found.problems += [f"{place}.{key}: missing" for key in required if key not in kept]
        return kept

    def _array(self, value: list[Json], schema: _Schema, place: str) -> Json:
        self._within(len(value), schema, place, ("minItems", "maxItems"))
        return [self.fit(part, schema.get("items"), f"{place}.{i}") for i, part in enumerate(value)]

    def _bounded(self, value: Json, schema: _Schema, place: str) -> None:
        if isinstance(value, str):
            self._within(len(value), schema, place, ("minLength", "maxLength"))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._within(value, schema, place, ("minimum", "maximum"))

    def _within(self, size: float, schema: _Schema, place: str, bounds: tuple[str, str]) -> None:
        least, most = (schema.get(bound) for bound in bounds)
        if isinstance(least, int | float) and size < least:
            self._found.problems.append(f"{place}: below {bounds[0]} {least}")
        if isinstance(most, int | float) and size > most:
            self._found.problems.append(f"{place}: above {bounds[1]} {most}")


def _is(value: Json, name: str) -> bool:
    return name not in _TYPES or type(value) in _TYPES[name]


def _takes_null(schema: Json) -> bool:
    """Tell whether null is a value of a schema, or may be."""
    if not isinstance(schema, dict):
        return True
    if isinstance(options := schema.get("anyOf"), list):
        return any(_takes_null(option) for option in options)
    choices, kinds = schema.get("enum"), schema.get("type")
    if isinstance(choices, list):
        return None in choices
    return kinds is None or kinds == "null" or (isinstance(kinds, list) and "null" in kinds)
