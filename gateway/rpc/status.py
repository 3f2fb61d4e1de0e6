"""Errors as gRPC statuses: one table from the error tree."""

from __future__ import annotations

from collections.abc import Mapping

from grpc import StatusCode

from core import errors
from core.errors import CatchupError, InvalidInput, ModelOverloaded, RateLimited
from gateway.proto.catchup.v1 import catchup_pb2 as pb

Metadata = tuple[tuple[str, str | bytes], ...]

STATUS: Mapping[type[CatchupError], StatusCode] = {
    errors.InvalidInput: StatusCode.INVALID_ARGUMENT,
    errors.InvalidFile: StatusCode.INVALID_ARGUMENT,
    errors.UnknownVariable: StatusCode.INVALID_ARGUMENT,
    errors.NotAuthenticated: StatusCode.UNAUTHENTICATED,
    errors.NotPermitted: StatusCode.PERMISSION_DENIED,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.Conflict: StatusCode.ABORTED,
    errors.IdempotencyMismatch: StatusCode.FAILED_PRECONDITION,
    errors.VerdictRequired: StatusCode.FAILED_PRECONDITION,
    errors.TooLarge: StatusCode.OUT_OF_RANGE,
    errors.RateLimited: StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: StatusCode.UNAVAILABLE,
    errors.DatabaseUnavailable: StatusCode.UNAVAILABLE,
    errors.EventLogUnavailable: StatusCode.UNAVAILABLE,
    errors.ModelUnavailable: StatusCode.UNAVAILABLE,
    errors.ModelTimeout: StatusCode.DEADLINE_EXCEEDED,
    errors.ModelRefused: StatusCode.UNAVAILABLE,
    errors.ModelOverloaded: StatusCode.UNAVAILABLE,
    errors.GenerationFailed: StatusCode.INTERNAL,
    errors.DataDamaged: StatusCode.DATA_LOSS,
}
"""The one table; a test fails when a leaf of the tree is missing."""

ERROR_KIND = "catchup-error-kind"
ERROR_BIN = "catchup-error-bin"
REQUEST_ID = "x-request-id"


def code_of(error: CatchupError) -> StatusCode:
    """Return the status of an error; a class without an entry gets its nearest ancestor's."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), StatusCode.INTERNAL)


def trailer_of(error: CatchupError, request_id: str) -> Metadata:
    """Return the trailing metadata that tells kind, remedy and field, and when to come back."""
    told = pb.Error(kind=error.kind, detail=error.message, remedy=error.remedy, request_id=request_id)
    if isinstance(error, InvalidInput):
        told.field, told.value = error.field, error.value
    trailer = _trailer(told)
    if isinstance(error, RateLimited | ModelOverloaded):
        trailer += (("grpc-retry-pushback-ms", str(round(error.retry_after_s * 1000) + 1)),)
    return trailer


def internal_trailer(request_id: str) -> Metadata:
    """Return the trailing metadata of an error that nobody foresaw."""
    remedy = "Try again; if it persists, report the request id."
    return _trailer(
        pb.Error(kind="internal", detail="An unexpected error.", remedy=remedy, request_id=request_id)
    )


def _trailer(told: pb.Error) -> Metadata:
    return (
        (ERROR_KIND, told.kind),
        (ERROR_BIN, told.SerializeToString()),
        (REQUEST_ID, told.request_id),
    )
