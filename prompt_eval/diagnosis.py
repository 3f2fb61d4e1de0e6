"""Why a file could not be loaded, and where: what the loader does not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import orjson

from core.errors import InvalidFile

_REMEDY = "Write one JSON object a line, with a field of one type throughout."


def place(path: Path, index: int) -> str:
    """Return where a row of a file stands: its line in JSONL, else the row's number, counted from 1."""
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        for at, (number, _) in enumerate(_lines(path)):
            if at == index:
                return f"{path.name}:{number}"
    return f"{path.name} row {index + 1}"


def diagnose(path: Path, error: Exception) -> InvalidFile:
    """Return the error that names the line and field at which a file cannot be loaded."""
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        found = _bad_line(path)
        if found is not None:
            return found
    cause = error.__cause__ or error
    shown = str(cause).split("\n")[0][:200]
    return InvalidFile(
        str(path), type(cause).__name__, f"cannot be loaded: {shown}", remedy="See the field it names."
    )


def _bad_line(path: Path) -> InvalidFile | None:
    """Return the first line that is no JSON object, or whose field has another type than it had before."""
    types: dict[str, tuple[str, int]] = {}
    for number, line in _lines(path):
        try:
            row: object = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            shown = line[:40].decode(errors="replace")
            return InvalidFile(f"{path.name}:{number}", shown, f"is not JSON: {error}", remedy=_REMEDY)
        if not isinstance(row, dict):
            return InvalidFile(
                f"{path.name}:{number}", type(row).__name__, "is not an object", remedy=_REMEDY
            )
        for field, kind in _types(cast("object", row), ""):
            before, first = types.setdefault(field, (kind, number))
            if before != kind:
                problem = f"is {kind} here and {before} in line {first}"
                return InvalidFile(f"{path.name}:{number} {field}", kind, problem, remedy=_REMEDY)
    return None


def _types(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield path or "line", "an object"
        for name, inner in cast("Mapping[str, object]", value).items():
            yield from _types(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        yield path, "a list"
        for inner in cast("list[object]", value):
            yield from _types(inner, f"{path}[]")
    elif isinstance(value, bool):
        yield path, "true or false"
    elif isinstance(value, (int, float)):
        yield path, "a number"
    elif isinstance(value, str):
        yield path, "a string"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers counted from 1."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line
