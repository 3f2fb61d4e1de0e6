"""Every error a caller can meet.

CatchupError
├── InvalidInput            the request is wrong: field, value, remedy
│   ├── InvalidFile         a file is wrong, at a named place
│   └── UnknownVariable     a prompt was given a variable it does not have, or lacks one
├── NotAuthenticated        no key, or not one of ours
├── NotPermitted            a known caller may not do this, or may not see this
├── NotFound                no such thing in this workspace (or none the caller may know of)
├── Conflict                true of the past, not of now: a version moved, a key was reused
│   ├── IdempotencyMismatch the same key with another body
│   └── VerdictRequired     nothing moves forward on the release train without a Verdict
├── TooLarge                more than the stated limit
├── RateLimited             too often; says when to come back
├── Unavailable             a part we depend on does not answer; says which
│   ├── DatabaseUnavailable
│   ├── EventLogUnavailable
│   └── ModelUnavailable
│       ├── ModelTimeout
│       └── ModelRefused    the model server answered with an error
├── GenerationFailed        a model answered, but not with what was asked; never stored
└── DataDamaged             what is on disk does not match its digest

Each says what was wrong and what to do. `gateway/web/problems.py` and `gateway/rpc/status.py` translate them,
one table each; a test fails when a leaf is missing from either.
"""

from __future__ import annotations

from typing import ClassVar


class CatchupError(Exception):
    """The root: `kind` is stable and machine-readable, `message` is for a person."""

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} {remedy}".strip())


class InvalidInput(CatchupError):
    """A field of a request has a value that cannot be used."""

    kind: ClassVar[str] = "invalid-input"

    def __init__(self, field: str, value: object, problem: str, *, remedy: str) -> None:
        self.field = field
        self.value = _shown(value)
        super().__init__(f"{field}: {problem} (got {self.value}).", remedy=remedy)


class InvalidFile(InvalidInput):
    """A file cannot be used, at a place that the message names."""

    kind: ClassVar[str] = "invalid-file"


class UnknownVariable(InvalidInput):
    """A template and its variables do not match; `field` is the variable."""

    kind: ClassVar[str] = "unknown-variable"


class NotAuthenticated(CatchupError):
    """The caller did not prove who they are."""

    kind: ClassVar[str] = "not-authenticated"


class NotPermitted(CatchupError):
    """The caller is known, and may not."""

    kind: ClassVar[str] = "not-permitted"


class NotFound(CatchupError):
    """There is no such thing that this caller may know of."""

    kind: ClassVar[str] = "not-found"

    def __init__(self, what: str, name: str, *, remedy: str) -> None:
        self.what = what
        self.name = name
        super().__init__(f"no {what} {_shown(name)}.", remedy=remedy)


class Conflict(CatchupError):
    """The state has moved on, or the request contradicts an earlier one."""

    kind: ClassVar[str] = "conflict"


class IdempotencyMismatch(Conflict):
    """One idempotency key came with two different bodies."""

    kind: ClassVar[str] = "idempotency-mismatch"


class VerdictRequired(Conflict):
    """An artifact was to move forward without a Verdict that counts."""

    kind: ClassVar[str] = "verdict-required"


class TooLarge(CatchupError):
    """The request exceeds a stated limit."""

    kind: ClassVar[str] = "too-large"


class RateLimited(CatchupError):
    """The caller asks too often."""

    kind: ClassVar[str] = "rate-limited"

    def __init__(self, message: str, *, retry_after_s: float, remedy: str = "") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, remedy=remedy)


class Unavailable(CatchupError):
    """A part that this request needs does not answer."""

    kind: ClassVar[str] = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached or cannot be opened."""

    kind: ClassVar[str] = "database-unavailable"


class EventLogUnavailable(Unavailable):
    """The event log cannot take or give events now."""

    kind: ClassVar[str] = "event-log-unavailable"


class ModelUnavailable(Unavailable):
    """No model node can take the request."""

    kind: ClassVar[str] = "model-unavailable"


class ModelTimeout(ModelUnavailable):
    """The model did not answer before the deadline; `stalled`: it was silent too long, with time left."""

    kind: ClassVar[str] = "model-timeout"

    def __init__(self, message: str, *, stalled: bool = False, remedy: str = "") -> None:
        self.stalled = stalled
        super().__init__(message, remedy=remedy)


class ModelRefused(ModelUnavailable):
    """The model server answered with an error status; `retry_after_s` if it said when to come back."""

    kind: ClassVar[str] = "model-refused"

    def __init__(
        self, message: str, *, status: int, retry_after_s: float | None = None, remedy: str = ""
    ) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(message, remedy=remedy)


class ModelOverloaded(ModelUnavailable):
    """Every model node has as much to do as it can do in time; come back after `retry_after_s`."""

    kind: ClassVar[str] = "model-overloaded"

    def __init__(self, message: str, *, retry_after_s: float, remedy: str = "") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, remedy=remedy)


class GenerationFailed(CatchupError):
    """A model's answer was empty, cut off, filtered or not of the schema."""

    kind: ClassVar[str] = "generation-failed"


class DataDamaged(CatchupError):
    """Bytes on disk do not match the digest they must have."""

    kind: ClassVar[str] = "data-damaged"


def leaves(root: type[CatchupError] = CatchupError) -> list[type[CatchupError]]:
    """Return every error class of the tree, the root's descendants in definition order."""
    found: list[type[CatchupError]] = []
    for child in root.__subclasses__():
        found += [child, *leaves(child)]
    return found


def _shown(value: object, limit: int = 80) -> str:
    """Return a value fit to be quoted in an error: one line, bounded, its two ends kept."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit // 2 - 1]}…{text[-limit // 2 :]}"
