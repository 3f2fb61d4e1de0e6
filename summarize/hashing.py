"""The hash of what a summary was made from: the same permitted messages, the same hash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from core.releases import digest
from summarize.models import Message


def input_hash(messages: Iterable[Message]) -> str:
    """Return the first 16 hex digits of the SHA-256 of messages in order, all their content included."""
    return digest([{**asdict(m), "at": m.at.isoformat(), "kind": str(m.kind)} for m in messages])[:16]
