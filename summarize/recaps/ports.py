"""What recaps are made of: summaries, made and read again through the door of permission."""

from __future__ import annotations

from typing import Protocol

from core.ids import SummaryId, WorkspaceId
from summarize.asks import Ask
from summarize.models import Summary


class Summaries(Protocol):
    """Where summaries come from; `summarize.service.Summarizer` is one."""

    async def summarize(self, ask: Ask) -> Summary:
        """Return a summary, saved; raises NotFound if the reader may not read the channel now."""
        ...

    async def fetch(self, workspace: WorkspaceId, reader: str, summary_id: SummaryId) -> Summary:
        """Return a summary made earlier; raises NotFound if the reader may not read its channel now."""
        ...
