"""Errors as RFC 9457 problems: one table from the error tree to HTTP."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from core import errors
from core.errors import CatchupError, InvalidInput, ModelOverloaded, RateLimited
from core.privacy import metadata_only

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[CatchupError], int] = {
    errors.InvalidInput: 422,
    errors.InvalidFile: 422,
    errors.UnknownVariable: 422,
    errors.NotAuthenticated: 401,
    errors.NotPermitted: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.IdempotencyMismatch: 409,
    errors.VerdictRequired: 409,
    errors.TooLarge: 413,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
    errors.DatabaseUnavailable: 503,
    errors.EventLogUnavailable: 503,
    errors.ModelUnavailable: 503,
    errors.ModelTimeout: 504,
    errors.ModelRefused: 502,
    errors.ModelOverloaded: 503,
    errors.GenerationFailed: 502,
    errors.DataDamaged: 500,
}
"""The one table; a test fails when a leaf of the tree is missing."""

TITLES: Mapping[str, str] = {
    "invalid-input": "The request has a field that cannot be used",
    "invalid-file": "The file cannot be used",
    "unknown-variable": "Template and variables do not match",
    "not-authenticated": "The API key is missing or wrong",
    "not-permitted": "The API key may not do this",
    "not-found": "There is no such thing",
    "conflict": "The state has moved on",
    "idempotency-mismatch": "The idempotency key was used with another body",
    "verdict-required": "A PASS verdict is required",
    "too-large": "The request is too large",
    "rate-limited": "Too many requests",
    "unavailable": "A part of the system does not answer",
    "database-unavailable": "The database does not answer",
    "event-log-unavailable": "The event log does not answer",
    "model-unavailable": "No model can take the request",
    "model-timeout": "The model took too long",
    "model-refused": "The model server answered with an error",
    "model-overloaded": "The models have as much to do as they can do in time",
    "generation-failed": "The model's answer cannot be used",
    "data-damaged": "Stored data is damaged",
    "not-acceptable": "The request cannot be answered as asked",
    "internal": "Something went wrong on our side",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An RFC 9457 problem, before it has a request id."""

    status: int
    kind: str
    detail: str
    remedy: str = ""
    fields: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] | None = None

    def body(self, request_id: str) -> bytes:
        """Return the JSON of the problem."""
        members: dict[str, Any] = {
            "type": f"/docs#{self.kind}",
            "title": TITLES.get(self.kind, HTTPStatus(self.status).phrase),
            "status": self.status,
            "kind": self.kind,
            "detail": self.detail,
            "remedy": self.remedy,
            "request_id": request_id,
        }
        if self.fields:
            members["errors"] = list(self.fields)
        return orjson.dumps(members)

    def response(self, request_id: str) -> Response:
        """Return the answer."""
        return Response(
            self.body(request_id), self.status, headers=dict(self.headers or {}), media_type=MEDIA_TYPE
        )


def of_error(error: CatchupError) -> Problem:
    """Return the problem of an error of the tree; a class without an entry gets its nearest ancestor's."""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    fields = [{"field": error.field, "value": error.value}] if isinstance(error, InvalidInput) else []
    return Problem(
        status=status,
        kind=error.kind,
        detail=error.message,
        remedy=error.remedy,
        fields=fields,
        headers=_headers(error),
    )


def of_status(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem of a plain HTTP status: unknown routes, wrong methods."""
    kinds = {401: "not-authenticated", 403: "not-permitted", 404: "not-found", 413: "too-large"}
    remedy = {
        404: "See /docs for what there is.",
        405: "Use a method that the Allow header names.",
        413: "Send less at once, or raise CATCHUP_MAX_BODY_BYTES.",
    }.get(status, "See /docs.")
    return Problem(
        status=status,
        kind=kinds.get(status, "not-acceptable"),
        detail=detail or HTTPStatus(status).phrase,
        remedy=remedy,
        headers=headers,
    )


def of_validation(found: Sequence[Mapping[str, Any]]) -> Problem:
    """Return the problem of a request that does not fit its schema; values are shown only if harmless."""
    fields = [
        {"field": _path(entry["loc"]), "problem": entry["msg"], "value": harmless(entry.get("input"))}
        for entry in found[:20]
    ]
    malformed = any(entry["type"] == "json_invalid" for entry in found)
    first = fields[0]
    return Problem(
        status=400 if malformed else 422,
        kind=InvalidInput.kind,
        detail="The body is not JSON." if malformed else f"{first['field']}: {first['problem']}.",
        remedy="Send valid JSON." if malformed else "Correct the fields under `errors`; see /docs.",
        fields=fields,
    )


def internal() -> Problem:
    """Return the problem of an error that nobody foresaw; what it was is in the log, under the request id."""
    return Problem(
        status=500,
        kind="internal",
        detail="An unexpected error; nothing about it is said here.",
        remedy="Try again; if it persists, report the request id.",
    )


def harmless(value: object) -> object:
    """Return a value as it may be shown: numbers and identifiers as they are, anything else by its shape."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        try:
            return metadata_only("value", value)
        except InvalidInput:
            return f"text of {len(value)} characters"
    return type(value).__name__


def _headers(error: CatchupError) -> Mapping[str, str] | None:
    if isinstance(error, RateLimited | ModelOverloaded):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after_s)))}
    if isinstance(error, errors.NotAuthenticated):
        return {"WWW-Authenticate": 'Bearer realm="catchup"'}
    if isinstance(error, errors.Unavailable):
        return {"Retry-After": "1"}
    return None


def _path(location: Sequence[object]) -> str:
    parts = [str(part) for part in location]
    inner = parts[1:] if parts and parts[0] in {"body", "query", "path", "header", "cookie"} else parts
    return ".".join(inner) or "body"
