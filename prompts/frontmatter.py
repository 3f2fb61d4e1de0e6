"""The YAML block at the head of a prompt file: read safely, checked field by field, each error with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.errors import InvalidFile
from prompts.models import VariableType

NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED = {"self"}  # the rendering library's own
_REMEDY = "See docs/flows/prompt-change.md for the fields of a prompt file."


class VariableSpec(BaseModel):
    """One entry of `variables`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: VariableType = Field(strict=False)
    description: str = ""
    enum: list[JsonValue] = Field(default=[], min_length=1)
    default: JsonValue = None


class ParameterSpec(BaseModel):
    """The field `parameters`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    max_tokens: int = Field(default=512, ge=1, le=131_072)
    temperature: float = Field(default=0.0, ge=0, le=2, allow_inf_nan=False)
    seed: int | None = None
    stop: list[str] = Field(default=[], max_length=4)
    deadline_s: float = Field(default=60.0, gt=0, le=3600)


class FrontMatter(BaseModel):
    """The whole block."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    description: str = Field(min_length=1)
    variables: dict[str, VariableSpec] = {}
    parameters: ParameterSpec = ParameterSpec()
    output: dict[str, JsonValue] | None = None

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError("must be lower-case letters, digits and hyphens, a letter first, at most 64")
        return value

    @field_validator("variables")
    @classmethod
    def _variables(cls, value: dict[str, VariableSpec]) -> dict[str, VariableSpec]:
        for name in value:
            if not VARIABLE.fullmatch(name) or name in _RESERVED:
                raise ValueError(f"{name!r} is not a variable name: lower-case letters, digits and _")
        return value


def read_front_matter(text: str, *, file: str, first_line: int) -> FrontMatter:
    """Return the block's fields; raises InvalidFile that names file, line and field."""
    try:
        _refuse_aliases(text, file, first_line)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = dict(_lines(node, ())) if node is not None else {}
        _refuse_duplicates(node, file, first_line)
        value: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = first_line + (error.problem_mark.line if error.problem_mark else 0)
        problem = f"is not YAML: {error.problem or 'unreadable'}"
        raise InvalidFile(f"{file}:{line}", "front matter", problem, remedy=_REMEDY) from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidFile(f"{file}:{first_line}", "front matter", "is not YAML", remedy=_REMEDY) from error
    try:
        return FrontMatter.model_validate(value)
    except ValidationError as error:
        raise _refused(error, lines, file, first_line) from error


def locate(path: tuple[str | int, ...], lines: Mapping[tuple[str | int, ...], int]) -> int:
    """Return the line of a field, or of the nearest field that encloses it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def _refused(
    error: ValidationError, lines: Mapping[tuple[str | int, ...], int], file: str, first_line: int
) -> InvalidFile:
    first = error.errors(include_url=False, include_context=False)[0]
    path = tuple(part for part in first["loc"])
    field = ".".join(str(part) for part in path) or "front matter"
    value: Any = None if first["type"] == "missing" else first["input"]
    problem = first["msg"].removeprefix("Value error, ")
    return InvalidFile(f"{file}:{first_line + locate(path, lines)} {field}", value, problem, remedy=_REMEDY)


def _lines(node: Node, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Yield the path and line of every field, counted from 0."""
    yield path, node.start_mark.line
    if isinstance(node, MappingNode):
        for key, value in _pairs(node):
            yield from _lines(value, (*path, str(key.value)))
            yield (*path, str(key.value)), key.start_mark.line
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(cast("list[Node]", node.value)):
            yield from _lines(value, (*path, index))


def _refuse_duplicates(node: Node | None, file: str, first_line: int) -> None:
    """Raise for a key that is given twice: YAML would keep the last and say nothing."""
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in _pairs(node):
            name = str(key.value)
            if name in seen:
                raise InvalidFile(
                    f"{file}:{first_line + key.start_mark.line} {name}",
                    name,
                    "is given twice",
                    remedy="Keep one.",
                )
            seen.add(name)
            _refuse_duplicates(value, file, first_line)
    elif isinstance(node, SequenceNode):
        for value in cast("list[Node]", node.value):
            _refuse_duplicates(value, file, first_line)


def _refuse_aliases(text: str, file: str, first_line: int) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, AliasEvent):
            raise InvalidFile(
                f"{file}:{first_line + (event.start_mark.line if event.start_mark else 0)}",
                "*" + str(event.anchor),
                "uses a YAML alias",
                remedy="Write the value out: aliases can be nested into gigabytes.",
            )


def _pairs(node: MappingNode) -> list[tuple[ScalarNode, Node]]:
    return cast("list[tuple[ScalarNode, Node]]", node.value)
