"""Slack's JSON files, read whole where they are sound and in pieces where they are damaged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.importers import clean

Like = Callable[[Mapping[str, Any]], bool]

_DECODER = json.JSONDecoder(strict=False)
_GAP = re.compile(r"[\s,]*")
_STRING_OR_BRACE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
_MINIFIED = re.compile(r"[},\[]\s*(\{)")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_WRAPPERS = ("messages", "channels", "members", "users", "groups", "ims", "mpims", "dms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with a file: what, where, and whether an object was lost to it."""

    reason: str
    at: str
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The elements of a file's array, and what was wrong with it."""

    items: list[Any]
    faults: tuple[Fault, ...] = ()


def message_like(value: Mapping[str, Any]) -> bool:
    """Tell a message from a part of one (an attachment, a file, an edit)."""
    return value.get("type") == "message" or ("ts" in value and "fallback" not in value and len(value) > 2)


def entry_like(value: Mapping[str, Any]) -> bool:
    """Tell a person or a channel from a part of one."""
    return "id" in value and ("name" in value or "members" in value or "profile" in value)


def read_array(data: bytes, *, like: Like = message_like) -> Reading:
    """Return the elements of a JSON array; of a damaged one, the objects that are whole and `like` an element.

    An object that holds the array under a usual name (`{"messages": [...]}`) is opened.
    """
    try:
        return _elements(orjson.loads(data), ())
    except orjson.JSONDecodeError:
        pass
    text, faults = _decode(data)
    if not text.strip():
        return Reading(items=[], faults=(*faults, Fault(reason="empty file", at="", lost=False)))
    try:
        value = _DECODER.decode(text)
    except (json.JSONDecodeError, RecursionError):
        return _salvage(text, faults, like)
    return _elements(value, faults)


def _elements(value: Any, faults: tuple[Fault, ...]) -> Reading:  # noqa: ANN401
    if isinstance(value, dict):
        found = clean.mapping(value)  # pyright: ignore[reportUnknownArgumentType]
        inner = next((found[name] for name in _WRAPPERS if isinstance(found.get(name), list)), found)
        value = [found] if "ts" in found or "id" in found else inner
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return Reading(items=items, faults=faults)
    return Reading(items=[], faults=(*faults, Fault(reason="not a JSON array", at="", lost=False)))


def _decode(data: bytes) -> tuple[str, tuple[Fault, ...]]:
    """Return the text of a file that may not be UTF-8, and say so if it is not."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace"), (_encoding("UTF-16"),)
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if _MULTIBYTE.search(data):
            return data.decode("utf-8-sig", errors="replace"), (_encoding("UTF-8 with damaged bytes", line),)
        return data.decode("cp1252", errors="replace"), (_encoding("Windows-1252", line),)


def _encoding(name: str, line: int = 1) -> Fault:
    return Fault(reason=f"not UTF-8: read as {name}", at=f"line {line}", lost=False)


def _salvage(text: str, faults: tuple[Fault, ...], like: Like) -> Reading:
    """Return the whole objects of an array that is damaged somewhere, and where."""
    items, found = list[Any](), list(faults)
    start = text.find("[") + 1
    if not text.lstrip("\ufeff \t\r\n").startswith("["):
        return Reading(
            items=[], faults=(*faults, Fault(reason="not a JSON array", at=_place(text, 0), lost=False))
        )
    position = start
    while (position := _skip_gap(text, position)) < len(text):
        if text[position] == "]" and not text[position + 1 :].strip():
            break
        value, end, fault = _next(text, position, like)
        if fault is None:
            items.append(value)
        else:
            found.append(fault)
        position = end
    else:
        found.append(Fault(reason="the array does not end", at=_place(text, len(text)), lost=False))
    return Reading(items=items, faults=tuple(found))


def _next(text: str, position: int, like: Like) -> tuple[Any, int, Fault | None]:
    """Return the element at a position and where it ends; or where to go on, and what was wrong."""
    try:
        value, end = _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        lost = text[position] == "{"
        reason = "damaged JSON" if lost else "stray characters between objects"
        return (
            None,
            _resume(text, position, like),
            Fault(reason=reason, at=_place(text, error.pos), lost=lost),
        )
    except RecursionError:
        fault = Fault(reason="nested too deeply", at=_place(text, position), lost=True)
        return None, _resume(text, position, like), fault
    return value, end, None


def _resume(text: str, position: int, like: Like) -> int:
    """Return where the object after a damaged one begins, or the end: at its closing brace, or at the next object."""
    ends = [_balanced_end(text, position)] if text[position] == "{" else []
    ends += [next(_beginnings(text, position, like), len(text))]
    return max(min(ends), position + 1)


def _balanced_end(text: str, position: int) -> int:
    depth = 0
    for match in _STRING_OR_BRACE.finditer(text, position):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0 and match[0] == "}":
            return match.end()
    return len(text)


def _beginnings(text: str, position: int, like: Like) -> Iterator[int]:
    """Yield where later objects begin: at the same indentation, or after a comma, if what is there looks like one."""
    line = text.rfind("\n", 0, position) + 1
    indent = text[line:position]
    pattern = re.compile(rf"\n{re.escape(indent)}(\{{)") if not indent.strip() and line else _MINIFIED
    for match in pattern.finditer(text, position):
        start = match.start(1)
        if start > position and _whole(text, start, like):
            yield start


def _whole(text: str, start: int, like: Like) -> bool:
    """Tell whether an object can be read here that is an element of its own, not a part of one."""
    try:
        value = _DECODER.raw_decode(text, start)[0]
    except (json.JSONDecodeError, RecursionError):
        return False
    return isinstance(value, dict) and like(clean.mapping(value))


def _skip_gap(text: str, position: int) -> int:
    match = _GAP.match(text, position)
    return match.end() if match else position


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"
