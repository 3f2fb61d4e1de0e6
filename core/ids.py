"""Identifiers, and where new ones come from."""

from __future__ import annotations

import secrets
from typing import NewType, Protocol

WorkspaceId = NewType("WorkspaceId", str)
"""The tenant. Nothing is ever read or written without one."""
UserId = NewType("UserId", str)
"""A person as the chat platform names them (Slack: `U024BE7LH`)."""
ChannelId = NewType("ChannelId", str)
"""A channel, direct or group message (Slack: `C…`, `D…`, `G…`)."""
MessageId = NewType("MessageId", str)
"""A message, unique in its workspace (Slack imports: `C024BE91L-1355517523.000005`)."""
PersonNumber = NewType("PersonNumber", int)
"""A person as recommendation sees them: a number within the workspace, never a name."""
ChannelNumber = NewType("ChannelNumber", int)
"""A channel as recommendation sees it: a number within the workspace, never a name."""
EventId = NewType("EventId", str)
"""The idempotency key of an event: the same id is stored once per workspace."""
RequestId = NewType("RequestId", str)
"""One call of an API, from the log line to the feedback that arrives days later."""
SummaryId = NewType("SummaryId", str)
VersionId = NewType("VersionId", str)
"""A content hash: the first 16 hex digits of the SHA-256 of an artifact's canonical bytes."""


class Ids(Protocol):
    """A source of new identifiers."""

    def new(self, prefix: str) -> str:
        """Return a fresh identifier that starts with `prefix_`."""
        ...


class RandomIds:
    """96 random bits from the operating system per identifier."""

    def new(self, prefix: str) -> str:
        """Return `prefix_` and 24 hex digits."""
        return f"{prefix}_{secrets.token_hex(12)}"


class SequentialIds:
    """1, 2, 3, …: for tests and reproducible demos."""

    def __init__(self) -> None:
        self._last = 0

    def new(self, prefix: str) -> str:
        """Return `prefix_` and the next number, zero-padded so that ids sort."""
        self._last += 1
        return f"{prefix}_{self._last:06d}"
