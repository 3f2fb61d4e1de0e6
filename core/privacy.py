"""What may leave: SafeText, redaction, pseudonyms, and the guard on metadata."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from core.errors import InvalidInput
from core.ids import WorkspaceId

Metadata: TypeAlias = "bool | int | float | str | Sequence[Metadata] | Mapping[str, Metadata] | None"
"""What an event may carry: numbers and identifiers, nested; never prose (see `metadata_only`)."""

_IDENTIFIER = re.compile(r"[\w.:/+@=#,-]{0,128}", re.ASCII)
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("url", re.compile(r"\b(?:https?|ftp|mailto):[^\s<>|]+", re.IGNORECASE)),
    ("secret", re.compile(r"\b(?:xox[abprs]-|gh[pousr]_|sk-|AKIA|eyJ|ck_)[\w./+=-]{8,}")),
    ("secret", re.compile(r"(?i)\b(?:password|passwd|secret|token|api[_-]?key)\b\s*[:=]\s*\S+")),
    ("card", re.compile(r"\b(?:\d[ -]?){13,19}\b")),
    ("ip", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")),
    ("phone", re.compile(r"(?<!\w)\+?\d[\d ().-]{7,}\d\b")),
    ("mention", re.compile(r"<[@#!][^>]*>")),
)


class SafeText:
    """Text that has been through `redact`: the only kind that logs and samples accept."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = redact(text)

    def __str__(self) -> str:
        """Return the redacted text."""
        return self._text

    def __repr__(self) -> str:
        """Return the redacted text, quoted."""
        return f"SafeText({self._text!r})"


def redact(text: str) -> str:
    """Replace e-mail addresses, links, secrets, card, phone and IP numbers and mentions by `[kind]`."""
    for kind, pattern in _RULES:
        text = pattern.sub(f"[{kind}]", text)
    return text


def pseudonym(key: bytes, workspace: WorkspaceId, value: str) -> str:
    """Return 16 hex digits that stand for a value within one workspace: keyed, so it cannot be guessed back.

    The same value in another workspace, or under another key, gets an unrelated pseudonym (HMAC-SHA-256).
    """
    return hmac.new(key, f"{workspace}\0{value}".encode(), hashlib.sha256).hexdigest()[:16]


def metadata_only(field: str, value: Metadata) -> Metadata:
    """Return the value if it is numbers and identifiers all the way down.

    An identifier has at most 128 ASCII letters, digits and ``_.:/+@=#,-`` and so no white space: a sentence
    cannot pass. Raises InvalidInput that names the place, never quoting the text.
    """
    if isinstance(value, str):
        _identifier(field, value)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _identifier(field, name)
            _inner(f"{field}.{name}", inner)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _inner(f"{field}[{index}]", inner)
    elif value is not None and not isinstance(value, (int, float)):
        raise _refused(field, f"a {type(value).__name__}")
    return value


def _inner(field: str, value: Metadata) -> None:
    if not isinstance(value, (int, float)):  # numbers are most of what there is, and need no look
        metadata_only(field, value)


def _identifier(field: str, value: str) -> None:
    if not _IDENTIFIER.fullmatch(value):
        raise _refused(field, f"{len(value)} characters")


def _refused(field: str, shown: str) -> InvalidInput:
    remedy = "Events carry numbers and identifiers, never text."
    return InvalidInput(field, shown, "is not an identifier", remedy=remedy)
