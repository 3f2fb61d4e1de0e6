"""From a prompt and the values of its variables to a request for a model, rendered by langchain-core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from core.chat import ChatMessage, ChatRequest
from prompts.models import Prompt
from prompts.placeholders import to_fstring
from prompts.variables import write_all


def render(prompt: Prompt, values: Mapping[str, object]) -> ChatRequest:
    """Return the request: every variable written once, its text never read as a template again.

    Raises UnknownVariable that names the variable if one is unknown, missing or of the wrong type.
    """
    texts = write_all(prompt, values)
    contents = _format([(turn.role, to_fstring(turn.text)) for turn in prompt.turns], texts)
    messages = tuple(
        ChatMessage(role=turn.role, content=content)
        for turn, content in zip(prompt.turns, contents, strict=True)
    )
    return ChatRequest(
        messages=messages,
        max_tokens=prompt.parameters.max_tokens,
        temperature=prompt.parameters.temperature,
        seed=prompt.parameters.seed,
        stop=prompt.parameters.stop,
        schema=prompt.output,
        deadline_s=prompt.parameters.deadline_s,
    )


def _format(turns: list[tuple[str, str]], texts: Mapping[str, str]) -> list[str]:
    from langchain_core.prompts import ChatPromptTemplate  # here, for it is slow to import

    template = ChatPromptTemplate(turns, template_format="f-string")
    return [cast("str", message.content) for message in template.format_messages(**texts)]
