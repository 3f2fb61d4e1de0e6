"""The budget of a request: instructions and answer are reserved first, what is left is for messages.

Tokens are counted by the served model's own tokenizer. A text never has more tokens than bytes, so what fits by its
bytes is not counted at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.chat import ChatModel, ChatRequest
from core.errors import GenerationFailed
from prompts.models import Prompt
from summarize.llm.job import Job
from summarize.llm.layout import weight
from summarize.material import Entry

_FRAME = 96  # chat template, channel, question and the like
_LEAST = 400


class Budget:
    """Knows how many tokens a prompt's instructions take."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._instructions: dict[str, int] = {}

    async def for_messages(self, job: Job) -> int:
        """Return how many tokens of messages fit one request; raises GenerationFailed if hardly any do."""
        answer = min(job.summary.prompt.parameters.max_tokens, job.context_tokens // 3)
        most = max([await self._fixed(job.summary.prompt), await self._fixed(job.compose.prompt)])
        question = len(job.brief.question.encode())
        left = job.context_tokens - answer - most - question - _FRAME
        if left < _LEAST:
            raise GenerationFailed(
                f"{self._model.name} has a context of {job.context_tokens} tokens: {left} are left for messages.",
                remedy="Serve it with a larger context (catchup gpu serve --context 8192).",
            )
        return left

    async def check(self, job: Job, request: ChatRequest) -> None:
        """Raise GenerationFailed if a request and its answer exceed the model's context."""
        room = job.context_tokens - request.max_tokens - _FRAME
        texts = [message.content for message in request.messages]
        if sum(len(text.encode()) for text in texts) <= room:
            return
        tokens = await self._model.count_tokens("\n".join(texts))
        if tokens > room:
            raise GenerationFailed(
                f"{tokens} tokens of messages and instructions exceed the {room} that {self._model.name} has left.",
                remedy="Ask for a shorter window, or serve the model with a larger context.",
            )

    def weight(self, entries: Sequence[Entry]) -> int:
        """Return about how many tokens the lines of entries take."""
        return sum(weight(entry) for entry in entries)

    async def _fixed(self, prompt: Prompt) -> int:
        known = self._instructions.get(prompt.version)
        if known is None:
            text = "\n".join(turn.text for turn in prompt.turns)
            known = self._instructions[prompt.version] = await self._model.count_tokens(text)
        return known
