"""What every real ChatModel checks of an answer before it says that it is whole."""

from __future__ import annotations

import json

from core.chat import ChatRequest, FinishReason
from core.errors import GenerationFailed, ModelTimeout


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


def timed_out(name: str, request: ChatRequest) -> ModelTimeout:
    """Return the error for a generation that its deadline ended."""
    return ModelTimeout(
        f"{name} did not finish within {request.deadline_s:g} s.",
        remedy="Raise deadline_s, lower max_tokens, or add capacity.",
    )
