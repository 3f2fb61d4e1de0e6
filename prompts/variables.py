"""Values of variables: checked against their type, then written so that data stays data."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import cast

import orjson

from core.errors import UnknownVariable
from prompts.models import Prompt, Variable, VariableType

# A tag can be closed and a line started only by these; JSON lets a string hold them as escapes.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\x7f\x85\u2028\u2029"}
_HALF = re.compile("[\ud800-\udfff]")
_REMEDIES = {
    VariableType.STRING: "Give a string.",
    VariableType.INTEGER: "Give a whole number.",
    VariableType.NUMBER: "Give a finite number.",
    VariableType.BOOLEAN: "Give true or false.",
    VariableType.JSON: "Give a value that JSON can hold.",
    VariableType.JSONL: "Give a list of objects.",
}


def write_all(prompt: Prompt, values: Mapping[str, object]) -> dict[str, str]:
    """Return every variable as the text that enters the prompt.

    Raises UnknownVariable that names the variable if one is unknown, missing or of the wrong type.
    """
    for name in values:
        if name not in prompt.variables:
            known = ", ".join(sorted(prompt.variables)) or "none"
            raise UnknownVariable(
                name,
                type(values[name]).__name__,
                f"is no variable of {prompt.name}",
                remedy=f"It has: {known}.",
            )
    return {name: _given(prompt, variable, values) for name, variable in prompt.variables.items()}


def write(variable: Variable, value: object) -> str:
    """Return one value as text; raises UnknownVariable, which never quotes the value: it may be a message."""
    text = _WRITERS[variable.type](value)
    if text is None:
        raise UnknownVariable(
            variable.name,
            type(value).__name__,
            f"must be of type {variable.type}",
            remedy=_REMEDIES[variable.type],
        )
    if variable.choices and value not in variable.choices:
        choices = ", ".join(str(choice) for choice in variable.choices)
        raise UnknownVariable(
            variable.name, type(value).__name__, "is none of its choices", remedy=f"Give one of: {choices}."
        )
    return text


def _given(prompt: Prompt, variable: Variable, values: Mapping[str, object]) -> str:
    if variable.name in values:
        return write(variable, values[variable.name])
    if variable.required:
        raise UnknownVariable(
            variable.name, None, f"is missing for {prompt.name}", remedy=_REMEDIES[variable.type]
        )
    return write(variable, variable.default)


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and _is_unicode(value) else None


def _is_unicode(text: str) -> bool:
    """Tell whether a text can be sent at all: half a surrogate pair cannot."""
    return _HALF.search(text) is None


def _integer(value: object) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return str(value)


def _boolean(value: object) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None


def _json(value: object) -> str | None:
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode().translate(_ESCAPES)
    except TypeError:
        return None


def _jsonl(value: object) -> str | None:
    if not isinstance(value, (list, tuple)):
        return None
    rows = cast("list[object]", value)
    lines = [_json(cast("object", row)) if isinstance(row, dict) else None for row in rows]
    return None if None in lines else "\n".join(cast("list[str]", lines))


_WRITERS: Mapping[VariableType, Callable[[object], str | None]] = {
    VariableType.STRING: _string,
    VariableType.INTEGER: _integer,
    VariableType.NUMBER: _number,
    VariableType.BOOLEAN: _boolean,
    VariableType.JSON: _json,
    VariableType.JSONL: _jsonl,
}
