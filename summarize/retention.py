"""Forgetting by age: finished segments that are hardly used any more, and summaries that are to be kept no longer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.ids import WorkspaceId


class Aging(Protocol):
    """What can be forgotten by age: a SegmentCache, the SummaryStore."""

    async def forget(self, workspace: WorkspaceId, *, before: datetime | None = None) -> int:
        """Delete what was made before a moment, without one everything; return how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many were deleted."""

    segments: int
    summaries: int


async def forget(
    workspace: WorkspaceId,
    *,
    segments: Aging,
    summaries: Aging,
    segments_before: datetime | None,
    summaries_before: datetime | None,
) -> Forgotten:
    """Delete what was made before these moments; None keeps that kind, whatever its age."""
    return Forgotten(
        segments=0 if segments_before is None else await segments.forget(workspace, before=segments_before),
        summaries=0
        if summaries_before is None
        else await summaries.forget(workspace, before=summaries_before),
    )
