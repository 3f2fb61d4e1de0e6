"""A second look at a summary that was served: how well each item is borne out. Never on the way of an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.chat import ChatModel
from core.embedding import Embedder
from core.errors import Conflict
from core.ids import SummaryId, WorkspaceId
from summarize.llm.serving import ServedPrompts
from summarize.service import Summarizer
from summarize.support import PROMPT, Support, check

JudgeOf = Callable[[WorkspaceId], ChatModel | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportReport:
    """The support of each item, in order; `judge` is the model that judged, if any, `own` whether it wrote them."""

    items: tuple[Support, ...]
    judge: str = ""
    own: bool = False


class SupportChecks:
    """Checks summaries again, for whoever may read them now."""

    def __init__(
        self, summarizer: Summarizer, *, embedder: Embedder, judge_of: JudgeOf, prompts: ServedPrompts
    ) -> None:
        self._summarizer = summarizer
        self._embedder = embedder
        self._judge_of = judge_of
        self._prompts = prompts

    async def report(
        self, workspace: WorkspaceId, reader: str, id: SummaryId, *, judged: bool = False
    ) -> SupportReport:
        """Return the support by rule, and by a judge if asked for and there is one.

        Raises NotFound; Conflict for a stale summary; ModelUnavailable and its kinds, GenerationFailed of the judge.
        """
        summary = await self._summarizer.fetch(workspace, reader, id)
        if summary.stale:
            raise Conflict(f"summary {id} is stale: its text is gone.", remedy="Ask for a new one.")
        material = await self._summarizer.cited(workspace, reader, summary)
        judge = self._judge_of(workspace) if judged else None
        prompt = (await self._prompts.chosen(PROMPT, workspace)).prompt if judge else None
        items = await check(summary.items, material, judge=judge, embedder=self._embedder, prompt=prompt)
        if judge is None:
            return SupportReport(items=items)
        return SupportReport(items=items, judge=judge.name, own=judge.name == summary.provenance.model)
