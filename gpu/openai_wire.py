"""The OpenAI chat-completions protocol: requests to JSON, events of a stream to deltas.

Source: the OpenAI API reference (chat completions), and vLLM's extensions to it (priority, /tokenize).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

import orjson

from core.chat import ChatDelta, ChatRequest, FinishReason, Json, TokenLogprob, Usage
from core.errors import CatchupError, GenerationFailed, ModelRefused, ModelUnavailable
from gpu.answers import check_json, turns
from gpu.json_shape import response_format

_FINISH: Final[Mapping[str, FinishReason]] = {"stop": "stop", "length": "length"}
_REMEDIES: Final = {
    400: "Shorten the prompt, lower max_tokens, or correct the schema.",
    401: "Give the API key that the server expects.",
    403: "Give the API key that the server expects.",
    404: "Check the URL, and that the model's name is one that GET /v1/models lists.",
    429: "Come back later, or add capacity.",
    503: "Come back later, or add capacity.",
}
_ECHO_LENGTH: Final = 16
_SHOWN_LENGTH: Final = 200

_Object = dict[str, Json]


def payload(request: ChatRequest, model: str, *, continuing: bool = False) -> bytes:
    """Return the JSON body that asks for a stream with usage; `priority` only when it is not zero.

    `continuing` (vLLM): the last message is the assistant's, to be gone on with and not answered.
    """
    body: dict[str, object] = {
        "model": model,
        "messages": turns(request),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.seed is not None:
        body["seed"] = request.seed
    if request.stop:
        body["stop"] = request.stop
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.priority:
        body["priority"] = request.priority
    if continuing:
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if request.schema is not None:
        body["response_format"] = response_format(request.schema)
    return orjson.dumps(body)


class AnswerReader:
    """Reads the events of one streamed answer in order; the last delta comes when the stream is whole."""

    def __init__(self, request: ChatRequest, server: str) -> None:
        self._request = request
        self._server = server
        self._text: list[str] = []
        self._finish: FinishReason | None = None
        self._usage: Usage | None = None
        self.ended = False

    def read(self, data: str) -> ChatDelta | None:
        """Return what an event adds to the answer, if anything.

        Raises ModelRefused for an error event, ModelUnavailable for what is no event of the protocol,
        GenerationFailed for an answer that was filtered or is not JSON although a schema was given.
        """
        if self.ended:
            return None
        if data == "[DONE]":
            return self.end()
        event = self._parsed(data)
        if "error" in event:
            raise self._error(event["error"])
        self._usage = _usage(event.get("usage")) or self._usage
        choices = _objects(event.get("choices"))
        return self._choice(choices[0]) if choices else None

    def end(self) -> ChatDelta | None:
        """Return the last delta at the end of the stream; raise ModelUnavailable if it was cut off."""
        if self.ended:
            return None
        if self._finish is None:
            raise ModelUnavailable(
                f"{self._server} ended the stream before the answer was finished.",
                remedy="Ask again; if it happens often, see the server's log.",
            )
        check_json("".join(self._text), self._finish, self._request)
        self.ended = True
        return ChatDelta(text="", finish=self._finish, usage=self._usage)

    def _parsed(self, data: str) -> _Object:
        """Return an event's JSON object."""
        try:
            event: object = orjson.loads(data)
        except orjson.JSONDecodeError:
            event = None
        if isinstance(event, dict):
            return cast("_Object", event)
        raise ModelUnavailable(
            f"{self._server} sent an event that is not a JSON object.",
            remedy="Check that the URL is that of an OpenAI-compatible server.",
        )

    def _choice(self, choice: _Object) -> ChatDelta | None:
        """Return what the one choice adds: text, logprobs, and the finish it keeps for the end."""
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:  # LocalAI sends "" for "not yet"
            self._finish = self._checked(reason)
        text = _object(choice.get("delta")).get("content")
        text = text if isinstance(text, str) else ""
        logprobs = _logprobs(_object(choice.get("logprobs")).get("content"))
        if not text and not logprobs:
            return None
        self._text.append(text)
        return ChatDelta(text=text, logprobs=logprobs)

    def _checked(self, reason: str) -> FinishReason:
        """Return the finish, or raise what stands for an end that is none."""
        if reason in _FINISH:
            return _FINISH[reason]
        if reason == "abort":
            raise ModelUnavailable(f"{self._server} aborted the generation.", remedy="Ask again.")
        raise GenerationFailed(
            f"{self._server} ended the answer with {reason[:40]!r}.",
            remedy="Ask again, or change the prompt.",
        )

    def _error(self, error: Json) -> CatchupError:
        """Return the error of an error event."""
        code = _object(error).get("code")
        return refusal(self._server, code if isinstance(code, int) else 500, error, self._request)


def refusal(
    server: str, status: int, error: Json, request: ChatRequest | None, retry_after: str | None = None
) -> ModelRefused:
    """Return the error for an answer with an error status; the server's own words unless they echo ours.

    `retry_after` is the header as sent; only seconds are understood, not the rarer date.
    """
    said = _object(error).get("message", error)
    said = said if isinstance(said, str) else ""
    return ModelRefused(
        f"{server} answered {status}{_quoted(said, request)}.",
        status=status,
        retry_after_s=_seconds(retry_after),
        remedy=_REMEDIES.get(status, "See the server's log."),
    )


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header."""
    text = (retry_after or "").strip()
    return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else None


def _quoted(said: str, request: ChatRequest | None) -> str:
    """Return the server's words to show after a status; nothing if they repeat any of a message's text."""
    said = " ".join(said[:_SHOWN_LENGTH].split()).rstrip(".")
    pieces = {said[i : i + _ECHO_LENGTH] for i in range(max(1, len(said) - _ECHO_LENGTH + 1))}
    contents = [" ".join(message.content.split()) for message in request.messages] if request else []
    if not said or any(piece in content for piece in pieces for content in contents):
        return ""
    return f": {said}"


def _logprobs(content: Json) -> tuple[TokenLogprob, ...]:
    """Return the tokens of a chunk with their alternatives."""
    return tuple(
        TokenLogprob(
            token=str(entry.get("token", "")),
            logprob=_number(entry.get("logprob")),
            top=_best(_objects(entry.get("top_logprobs"))),
        )
        for entry in _objects(content)
    )


def _best(entries: Sequence[_Object]) -> dict[str, float]:
    """Return the logprob of each distinct token text, the largest where two tokens read the same."""
    best: dict[str, float] = {}
    for entry in entries:
        token, logprob = str(entry.get("token", "")), _number(entry.get("logprob"))
        best[token] = max(logprob, best.get(token, logprob))
    return best


def _usage(value: Json) -> Usage | None:
    """Return the token counts of a usage object."""
    if not isinstance(value, dict):
        return None
    return Usage(
        prompt_tokens=int(_number(value.get("prompt_tokens"))),
        completion_tokens=int(_number(value.get("completion_tokens"))),
        cached_tokens=int(_number(_object(value.get("prompt_tokens_details")).get("cached_tokens"))),
    )


def _object(value: Json) -> _Object:
    return value if isinstance(value, dict) else {}


def _objects(value: Json) -> list[_Object]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
