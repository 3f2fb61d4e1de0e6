"""The reference at /docs: rendered here from the OpenAPI document, so that it works without the internet."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from core.errors import CatchupError, leaves
from gateway.web.openapi import Document, resolve
from gateway.web.problems import STATUS, TITLES

router = APIRouter(include_in_schema=False)

_FOLDER = Path(__file__).parent / "reference"
_CODE = re.compile(r"`([^`]+)`")


@router.get("/docs")
async def reference(request: Request) -> HTMLResponse:
    """Show every route, what it takes and answers, and every kind of error."""
    return HTMLResponse(render(request.app.openapi()))


@router.get("/docs/reference.css")
async def stylesheet() -> Response:
    """Give the page's style."""
    return Response((_FOLDER / "reference.css").read_text(), media_type="text/css")


def render(document: Document) -> str:
    """Return the page of an OpenAPI document."""
    return (
        _environment()
        .get_template("reference.html")
        .render(info=document["info"], groups=groups(document), kinds=kinds())
    )


def groups(document: Document) -> list[dict[str, Any]]:
    """Return the operations by tag, in the order of the tags, then of the paths."""
    names = {tag["name"]: tag["description"] for tag in document.get("tags", [])}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            found.setdefault(tag, []).append(_operation(document, path, method, operation))
    return [
        {"name": name, "description": names.get(name, ""), "operations": operations}
        for name, operations in found.items()
        if operations
    ]


def kinds() -> list[dict[str, Any]]:
    """Return every kind of error with its status and promise, for the table that problems point at."""
    rows = [
        {"kind": error.kind, "status": STATUS[error], "title": TITLES[error.kind], "means": _promise(error)}
        for error in leaves()
    ]
    internal = {
        "kind": "internal",
        "status": 500,
        "title": TITLES["internal"],
        "means": "Nobody foresaw this.",
    }
    other = {
        "kind": "not-acceptable",
        "status": 405,
        "title": TITLES["not-acceptable"],
        "means": "Wrong method.",
    }
    return [*rows, other, internal]


def fields(document: Document, schema: Document, *, within: str = "", depth: int = 3) -> list[dict[str, Any]]:
    """Return the fields of an object's schema, those of objects in it by their path: name, type, what it is."""
    resolved = resolve(document, schema)
    required = set(resolved.get("required", []))
    found: list[dict[str, Any]] = []
    for name, field in resolved.get("properties", {}).items():
        path = f"{within}{name}"
        told = {
            "name": path,
            "type": type_of(document, field),
            "required": name in required,
            "description": field.get("description", resolve(document, field).get("description", "")),
            "default": field.get("default"),
        }
        found.append(told)
        if depth > 1:
            inner, mark = (field["items"], "[].") if "items" in field else (field, ".")
            found += fields(document, inner, within=f"{path}{mark}", depth=depth - 1)
    return found


def type_of(document: Document, schema: Document) -> str:
    """Return a schema's type in a few words."""
    if "$ref" in schema:
        inner = resolve(document, schema)
        return " | ".join(inner["enum"]) if "enum" in inner else "object"
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(type_of(document, option) for option in options)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_of(document, schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("const") or schema.get("type", "any"))


def _operation(document: Document, path: str, method: str, operation: Document) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = body.get("schema", {})
    answers = [
        {
            "status": status,
            "description": answer.get("description", ""),
            "fields": fields(document, _json_schema(answer)),
        }
        for status, answer in sorted(operation["responses"].items())
    ]
    return {
        "id": operation.get("operationId", f"{method}-{path}"),
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "keyed": bool(operation.get("security")),
        "parameters": [
            {**parameter, "type": type_of(document, parameter.get("schema", {}))}
            for parameter in operation.get("parameters", [])
        ],
        "fields": fields(document, schema),
        "example": _example(document, body),
        "answers": answers,
    }


def _json_schema(answer: Document) -> Document:
    return answer.get("content", {}).get("application/json", {}).get("schema", {})


def _example(document: Document, body: Document) -> str:
    examples: Document = body.get("examples") or {}
    named: list[Document] = [entry.get("value", {}) for entry in examples.values()]
    listed: list[Document] = resolve(document, body.get("schema", {})).get("examples") or []
    value: Document | None = body.get("example") or next(iter([*named, *listed]), None)
    return "" if value is None else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _promise(error: type[CatchupError]) -> str:
    return (error.__doc__ or "").strip().splitlines()[0]


def prose(text: str) -> Markup:
    """Return a docstring as HTML: paragraphs, and what stands between backticks as code."""
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    escaped = (_CODE.sub(r"<code>\1</code>", str(escape(part))) for part in paragraphs if part)
    return Markup("".join(f"<p>{part}</p>" for part in escaped))  # noqa: S704  escaped just above


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["prose"] = prose
    return environment
