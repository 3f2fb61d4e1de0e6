"""The output schema of one request: the prompt's own, narrowed to what this window can bear out.

Citations become an enum of the window's ids, people one of its handles: what does not exist cannot be generated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from core.chat import Json
from core.errors import GenerationFailed

Schema = dict[str, Json]


def narrowed(schema: Mapping[str, Json], *, fields: Mapping[str, Sequence[str]], most: int) -> Schema:
    """Return the schema with the ids and handles that may occur, and at most `most` items.

    `fields` maps an item's field to its values: of a list of strings the elements become an enum (an empty one for no
    values), of a nullable string the string does. Raises GenerationFailed if the schema has no list of items.
    """
    items = cast("Schema", cast("Schema", schema.get("properties", {})).get("items", {}))
    item = cast("Schema", items.get("items", {}))
    properties = cast("Schema", item.get("properties", {}))
    if not properties or "text" not in properties:
        raise GenerationFailed(
            "the prompt's output schema has no items with a text.",
            remedy="Give it items: {type: array, items: {type: object, properties: {text: …}}}.",
        )
    narrow: Schema = {name: _field(cast("Schema", old), fields.get(name)) for name, old in properties.items()}
    narrow["text"] = {"type": "string"}  # bounded, xgrammar lets line breaks through and keeps quotes out
    whole: Schema = {**items, "items": {**item, "properties": narrow}, "maxItems": most}
    return {**schema, "properties": {**cast("Schema", schema["properties"]), "items": whole}}


def _field(old: Schema, values: Sequence[str] | None) -> Json:
    if values is None:
        return old
    kind = old.get("type")
    if kind == "array":
        if not values:
            return {"type": "array", "items": {"type": "string"}, "maxItems": 0}
        return {**old, "items": {"type": "string", "enum": list(values)}}
    if isinstance(kind, list) and "null" in kind:
        return {"enum": [*values, None]}
    return {"type": "string", "enum": list(values)}
