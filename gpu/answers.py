"""What every real ChatModel does alike: say the messages, check an answer, end at the deadline."""

from __future__ import annotations

import json

from core.chat import ChatRequest, FinishReason
from core.errors import GenerationFailed, ModelTimeout


def turns(request: ChatRequest) -> list[dict[str, str]]:
    """Return the messages as chat templates and servers take them; a lone surrogate becomes "?"."""
    return [{"role": message.role, "content": readable(message.content)} for message in request.messages]


def readable(text: str) -> str:
    """Return a text that UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode()


def check_json(text: str, finish: FinishReason, request: ChatRequest) -> None:
    """Raise GenerationFailed when a finished answer to a request with a schema is not JSON.

    An answer cut off at max_tokens says so itself, by its finish.
    """
    if request.schema is None or finish != "stop":
        return
    try:
        json.loads(text)
    except ValueError as error:
        raise GenerationFailed(
            "The model finished an answer to a request with a schema, and it is not JSON.",
            remedy="Use a server that keeps response_format json_schema, and no stop string that cuts JSON.",
        ) from error


def stalled(name: str, waited_s: float) -> ModelTimeout:
    """Return the error for a server that said nothing for too long, with time left before the deadline."""
    return ModelTimeout(
        f"{name} said nothing for {waited_s:.3g} s.",
        stalled=True,
        remedy="Ask another node; if it happens often, see the server's log.",
    )


def timed_out(name: str, request: ChatRequest) -> ModelTimeout:
    """Return the error for a generation that its deadline ended."""
    return ModelTimeout(
        f"{name} did not finish within {request.deadline_s:g} s.",
        remedy="Raise deadline_s, lower max_tokens, or add capacity.",
    )
