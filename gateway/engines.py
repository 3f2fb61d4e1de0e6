"""Which engines word the summaries of a workspace: its chain of models, and extraction after the last."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from core.ids import WorkspaceId
from core.master_key import Masters
from gateway.models import Models, ServedModel
from summarize.cache.models import SegmentCache
from summarize.conversations.separate import separate
from summarize.engine import Drafter
from summarize.llm.drafter import LlmDrafter
from summarize.llm.serving import ServedPrompts
from summarize.models import Feature


class Engines:
    """One drafter a model, made at its first use, and the extractive one that they all fall back to."""

    def __init__(
        self,
        models: Models,
        *,
        prompts: ServedPrompts,
        cache: SegmentCache,
        masters: Masters,
        extractive: Drafter,
    ) -> None:
        self._models = models
        self._prompts = prompts
        self._cache = cache
        self._masters = masters
        self._extractive = extractive
        self._made: dict[str, Drafter] = {}

    def rungs(self, workspace: WorkspaceId, feature: Feature) -> Sequence[Drafter]:
        """Return the engines to try, in order."""
        chain = self._models.chain(workspace, feature)
        return (*(self._drafter(served) for served in chain), self._extractive)

    def _drafter(self, served: ServedModel) -> Drafter:
        if served.key not in self._made:
            self._made[served.key] = LlmDrafter(
                served.chat,
                prompts=self._prompts,
                cache=self._cache,
                separate=separate,
                secret=spotlight_secret(self._masters),
                context_tokens=served.context_tokens,
            )
        return self._made[served.key]


def spotlight_secret(masters: Masters) -> bytes:
    """Return what markers and canaries are made from: it follows from the master key and does not tell it."""
    return hashlib.sha256(b"catchup spotlight" + masters()[0].secret).digest()
