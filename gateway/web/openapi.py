"""The OpenAPI document, completed: every error a call can meet is in it."""

from __future__ import annotations

from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.version import version
from gateway.web.problems import MEDIA_TYPE, TITLES

Document = dict[str, Any]

DESCRIPTION = """\
Cited channel summaries, prompts under control, recommendations.

Send an API key of one workspace as `Authorization: Bearer ck_…` (`catchup keys create`), and whom you ask for as
`user` in the body or in the header `X-Catchup-User` (id or @handle). Times are ISO 8601; windows are half-open.
Every answer carries `X-Request-Id`; send your own to have it used. Errors are RFC 9457 problems.
"""
_TAGS = {
    "summaries": "What did I miss? Items with citations, for somebody who may read the channel.",
    "recaps": "One digest over all of somebody's channels, and up to where they have read.",
    "recommendations": "Channels to join, people to write to.",
    "events": "What became of what was recommended.",
    "messages": "Message text comes in here, and leaves only to those who may read it.",
    "prompts": "Prompt versions and where they stand on the release train.",
    "operations": "Health, readiness, metrics. No key needed.",
}
_PROBLEM: Document = {
    "type": "object",
    "title": "Problem",
    "description": "An RFC 9457 problem.",
    "required": ["type", "title", "status", "kind", "detail", "remedy", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Where this kind of problem is explained."},
        "title": {"type": "string", "description": "The kind of problem, for a person."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "kind": {"type": "string", "enum": list(TITLES), "description": "The kind of problem; stable."},
        "detail": {"type": "string", "description": "What was wrong this time."},
        "remedy": {"type": "string", "description": "What to do about it."},
        "request_id": {"type": "string", "description": "Names this call in the server's log."},
        "errors": {
            "type": "array",
            "description": "Which fields are to blame.",
            "items": {
                "type": "object",
                "required": ["field"],
                "properties": {
                    "field": {"type": "string", "description": "Path of the field, dots between."},
                    "problem": {"type": "string", "description": "What is wrong with it."},
                    "value": {"description": "What it was, if it is a number or an identifier."},
                },
            },
        },
    },
}
_EXAMPLE: Document = {
    "type": "/docs#not-found",
    "title": "There is no such thing",
    "status": 404,
    "kind": "not-found",
    "detail": "no channel '#nope'.",
    "remedy": "Give the channel's id or #name as in the workspace.",
    "request_id": "req_5f0c2f8e1a7b4c3d9e6f0a1b",
}
_KEYED = {
    "401": "No key was sent, or it is unknown, wrong or revoked.",
    "403": "The key lacks the scope that this call needs.",
    "404": "No such thing in this workspace, or none that this user may know of.",
    "429": "The key calls too often; `Retry-After` says when to come back.",
}
_WITH_INPUT = {
    "400": "The body is not JSON.",
    "413": "The body is larger than CATCHUP_MAX_BODY_BYTES.",
    "422": "A field cannot be used; `errors` says which.",
}
_ALWAYS = {
    "500": "An unexpected error; the request id finds it in the log.",
    "503": "A part of the system does not answer; `Retry-After` says when to come back.",
}
_METHODS = {"get", "put", "post", "delete", "patch"}


def document(app: FastAPI) -> Document:
    """Return the whole OpenAPI document of an application, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title="Catchup",
            version=version(),
            description=DESCRIPTION,
            routes=app.routes,
            tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        )
        app.openapi_schema = complete(schema)
    return app.openapi_schema


def complete(schema: Document) -> Document:
    """Add to every operation the errors it can answer, in place of FastAPI's own 422."""
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for stale in ("HTTPValidationError", "ValidationError"):
        schemas.pop(stale, None)
    schemas["Problem"] = _PROBLEM
    _hoist(schema["components"]["schemas"].copy(), schemas)
    for path, methods in schema["paths"].items():
        for method in _METHODS & methods.keys():
            _complete(methods[method], keyed=path.startswith("/v1/"))
            _exemplify(schema, methods[method])
    return schema


def resolve(document: Document, schema: Document) -> Document:
    """Return the schema that a reference names, or the schema itself."""
    return document["components"]["schemas"][_name(schema)] if "$ref" in schema else schema


def _hoist(node: Any, schemas: Document) -> None:  # noqa: ANN401  any part of a JSON document
    """Bring definitions that lie within a schema to where OpenAPI looks for them, and point at them there."""
    if isinstance(node, dict):
        part = cast("Document", node)
        for name, definition in part.pop("$defs", {}).items():
            schemas.setdefault(name, definition)
            _hoist(definition, schemas)
        if str(part.get("$ref", "")).startswith("#/$defs/"):
            part["$ref"] = f"#/components/schemas/{_name(part)}"
    for inner in _parts(node):
        _hoist(inner, schemas)


def _parts(node: Any) -> list[Any]:  # noqa: ANN401
    if isinstance(node, dict):
        return list(cast("Document", node).values())
    return cast("list[Any]", node) if isinstance(node, list) else []


def _name(schema: Document) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _exemplify(document: Document, operation: Document) -> None:
    """Give a JSON body an example made of its fields' own, unless it has one or a required field lacks one."""
    body: Document = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = resolve(document, body.get("schema", {}))
    found: Document = {
        name: field["examples"][0]
        for name, field in schema.get("properties", {}).items()
        if field.get("examples")
    }
    if found.keys() >= set(schema.get("required", [])) and not schema.get("examples"):
        body.setdefault("example", found)


def _complete(operation: Document, *, keyed: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    wanted = dict(_ALWAYS)
    if keyed:
        wanted |= _KEYED
    if "requestBody" in operation:
        wanted |= _WITH_INPUT
    elif operation.get("parameters"):
        wanted["422"] = _WITH_INPUT["422"]
    for status, description in wanted.items():
        if status not in responses:
            responses[status] = _problem(description)


def _problem(description: str) -> Document:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _EXAMPLE}
    return {"description": description, "content": {MEDIA_TYPE: content}}
