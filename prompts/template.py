"""From a prompt and the values of its variables to a request for a model, rendered by langchain-core."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from core.chat import ChatMessage, ChatRequest
from prompts.models import Prompt
from prompts.placeholders import to_fstring
from prompts.variables import write_all

if TYPE_CHECKING:
    from langchain_core.prompts import ChatPromptTemplate


def render(prompt: Prompt, values: Mapping[str, object]) -> ChatRequest:
    """Return the request: every variable written once, its text never read as a template again.

    Raises UnknownVariable that names the variable if one is unknown, missing or of the wrong type.
    """
    texts = write_all(prompt, values)
    turns = tuple((str(turn.role), turn.text) for turn in prompt.turns)
    contents = [cast("str", message.content) for message in _template(turns).format_messages(**texts)]
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


@lru_cache(64)
def _template(turns: tuple[tuple[str, str], ...]) -> ChatPromptTemplate:
    """Return the template of a version's turns, parsed once."""
    from langchain_core.prompts import ChatPromptTemplate  # here, for it is slow to import

    return ChatPromptTemplate([(role, to_fstring(text)) for role, text in turns], template_format="f-string")
