"""How far an answer has come, and how it goes on when its node dies.

Source: vLLM's `continue_final_message` with `add_generation_prompt: false`. Templates may trim the last message, so
we send the text without its trailing blanks, and drop the blanks that come a second time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core.chat import ChatDelta, ChatMessage, ChatRequest, Usage

_MOMENT_S: Final = 0.005


class Progress:
    """What the caller was shown of one answer, over all its tries."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._shown: list[str] = []
        self._generated = 0
        self._blanks = ""
        self.begun = False
        self.continuing = False
        self.usage: Usage | None = None

    @property
    def resumable(self) -> bool:
        """Whether the answer can go on where it broke off; one with a schema or logprobs must begin anew."""
        request = self._request
        return request.schema is None and not request.top_logprobs and bool(self.text.strip())

    @property
    def text(self) -> str:
        """The text shown that still counts."""
        return "".join(self._shown)

    @property
    def full(self) -> bool:
        """Whether the answer already has all the tokens it may have."""
        return self._generated >= self._request.max_tokens

    def take(self, delta: ChatDelta) -> ChatDelta | None:
        """Return what to show of a delta, if anything."""
        if self._generated:
            delta = self._after_resume(delta)
        self.usage = delta.usage or self.usage
        if delta.text or delta.logprobs:
            self.begun = True
            self._shown.append(delta.text)
            return delta
        return delta if delta.finish is not None else None

    def resume(self, generated: int) -> None:
        """Go on after the text shown, which has so many tokens."""
        text = self.text
        self._blanks = text[len(text.rstrip()) :]
        self._generated = max(1, generated)
        self.continuing = True

    def restart(self) -> None:
        """Begin anew: nothing that was shown counts any longer."""
        self._shown, self._generated, self._blanks = [], 0, ""
        self.begun = self.continuing = False

    def request(self, left_s: float) -> ChatRequest:
        """Return what to ask the next node, with so many seconds left."""
        request = self._request
        if left_s < request.deadline_s - _MOMENT_S:
            request = replace(request, deadline_s=left_s)
        if not self.continuing:
            return request
        said = ChatMessage(role="assistant", content=self.text.rstrip())
        return replace(
            request, messages=(*request.messages, said), max_tokens=request.max_tokens - self._generated
        )

    def ending(self, prompt_tokens: int) -> ChatDelta:
        """Return the last delta of an answer that is full."""
        usage = Usage(prompt_tokens=prompt_tokens, completion_tokens=self._generated)
        return ChatDelta(text="", finish="length", usage=usage)

    def _after_resume(self, delta: ChatDelta) -> ChatDelta:
        """Return a delta of a resumed answer as one of the whole answer."""
        if self._blanks and delta.text:
            delta = replace(delta, text=self._without_blanks(delta.text))
        if delta.usage:
            delta = replace(delta, usage=_whole(delta.usage, self._generated))
        return delta

    def _without_blanks(self, text: str) -> str:
        """Return a text without the blanks that were shown before the break."""
        while text and self._blanks and text[0].isspace():
            self._blanks = self._blanks[1:]
            text = text[1:]
        if text:
            self._blanks = ""
        return text


def _whole(usage: Usage, generated: int) -> Usage:
    """Return the usage of a resumed answer as if one node had made it."""
    return replace(
        usage,
        prompt_tokens=max(0, usage.prompt_tokens - generated),
        completion_tokens=usage.completion_tokens + generated,
    )
