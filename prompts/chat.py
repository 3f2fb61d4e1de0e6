"""The shipped in-memory ChatModel: says what a script tells it to, as a real model would say it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from core.chat import ChatDelta, ChatRequest, FinishReason, Json, TokenLogprob, Usage
from core.errors import CatchupError, GenerationFailed, ModelRefused, ModelTimeout, ModelUnavailable

Line: TypeAlias = "str | tuple[TokenLogprob, ...] | CatchupError | None"
Script: TypeAlias = "Callable[[ChatRequest], Line] | Iterable[Line]"

_TOKEN = re.compile(r"\s*\S{1,4}|\s+")
_ALTERNATIVES = ("yes", "no", "the", "a", "and", "of", "to", "in", "is", "not")


@dataclass(slots=True, kw_only=True)
class ScriptRecord:
    """What a scripted model was asked, and what became of it."""

    requests: list[ChatRequest] = field(default_factory=list[ChatRequest])
    running: int = 0
    closed_early: int = 0


class ScriptedChatModel:
    """Answers from a function of the request, or from a list of answers in turn.

    A line of the script is a text; tokens with their logprobs; an error to raise; or None, which stands for
    the smallest JSON of the request's schema ("ok" without one). A token is up to four characters that are
    not blank, with the blanks before them. `seconds_per_token` makes the model slow, `context_tokens` makes
    it refuse what is longer.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        name: str = "scripted",
        seconds_per_token: float = 0.0,
        context_tokens: int | None = None,
    ) -> None:
        self._line = _as_function(script)
        self._name = name
        self._seconds_per_token = seconds_per_token
        self._context_tokens = context_tokens
        self.record = ScriptRecord()

    @property
    def name(self) -> str:
        """The name given at construction."""
        return self._name

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        """Yield the scripted answer token by token; see the port for the promise."""
        self.record.requests.append(request)
        self.record.running += 1
        ended = False
        try:
            prompt_tokens = self._admit(request)
            tokens, finish = _cut(_tokens(self._line(request), request), request)
            deadline = asyncio.get_running_loop().time() + request.deadline_s
            for token in tokens:
                await self._wait(deadline, request.deadline_s)
                yield ChatDelta(text=token.token, logprobs=_shown(token, request.top_logprobs))
            usage = Usage(prompt_tokens=prompt_tokens, completion_tokens=len(tokens))
            _check_json("".join(token.token for token in tokens), finish, request)
            ended = True
            yield ChatDelta(text="", finish=finish, usage=usage)
        except CatchupError:
            ended = True
            raise
        finally:
            self.record.running -= 1
            self.record.closed_early += not ended

    async def count_tokens(self, text: str) -> int:
        """Return the number of scripted tokens of a text."""
        return len(_TOKEN.findall(text))

    async def close(self) -> None:
        """Hold nothing, release nothing."""

    def _admit(self, request: ChatRequest) -> int:
        """Return the prompt's tokens: four a message for its role, and those of its content."""
        tokens = sum(4 + len(_TOKEN.findall(message.content)) for message in request.messages)
        if self._context_tokens is not None and tokens + request.max_tokens > self._context_tokens:
            raise ModelRefused(
                f"{self._name}: {tokens} prompt tokens and max_tokens={request.max_tokens} exceed its "
                f"context of {self._context_tokens} tokens.",
                status=400,
                remedy="Shorten the prompt or lower max_tokens.",
            )
        return tokens

    async def _wait(self, deadline: float, seconds: float) -> None:
        """Spend one token's time, or as much as the deadline leaves of it."""
        left = deadline - asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, min(left, self._seconds_per_token)))
        if left <= self._seconds_per_token:
            raise ModelTimeout(
                f"{self._name} did not finish within {seconds:g} s.",
                remedy="Raise deadline_s or lower max_tokens.",
            )


def smallest_json(schema: Mapping[str, Json]) -> str:
    """Return the smallest JSON text that satisfies a schema, keys in the schema's order.

    Knows $ref into $defs, const, enum, anyOf, oneOf, allOf of one, required, minItems, minLength, minimum.
    Raises ModelRefused (400), as a server does, for a schema it cannot use.
    """
    return json.dumps(_smallest(dict(schema), schema), ensure_ascii=False, separators=(",", ":"))


def _as_function(script: Script | None) -> Callable[[ChatRequest], Line]:
    """Return any kind of script as a function of the request."""
    if script is None:
        return lambda _: None
    if callable(script):
        return script
    lines = iter(script)

    def following(_: ChatRequest) -> Line:
        for line in lines:
            return line
        raise ModelUnavailable("The script has run out of answers.", remedy="Give it one for each request.")

    return following


def _tokens(line: Line, request: ChatRequest) -> tuple[TokenLogprob, ...]:
    """Return a line of the script as tokens; raise it when it is an error."""
    if isinstance(line, CatchupError):
        raise line
    if isinstance(line, tuple):
        return line
    if line is None:
        line = "ok" if request.schema is None else smallest_json(request.schema)
    return tuple(TokenLogprob(token=token, logprob=-0.1) for token in _TOKEN.findall(line))


def _cut(
    tokens: tuple[TokenLogprob, ...], request: ChatRequest
) -> tuple[tuple[TokenLogprob, ...], FinishReason]:
    """Return the tokens up to the first stop string or the limit, and why they end there."""
    text = "".join(token.token for token in tokens)
    stop = min((at for word in request.stop if (at := text.find(word)) >= 0), default=len(text))
    kept: list[TokenLogprob] = []
    for token in tokens:
        if stop <= 0:
            break
        kept.append(token if len(token.token) <= stop else _shortened(token, stop))
        stop -= len(token.token)
    if len(kept) > request.max_tokens:
        return tuple(kept[: request.max_tokens]), "length"
    return tuple(kept), "stop"


def _shortened(token: TokenLogprob, length: int) -> TokenLogprob:
    """Return the beginning of a token, as likely as the whole."""
    return TokenLogprob(token=token.token[:length], logprob=token.logprob, top=token.top)


def _shown(token: TokenLogprob, top: int) -> tuple[TokenLogprob, ...]:
    """Return a token's logprob with so many alternatives, itself among them; nothing for none."""
    if top == 0:
        return ()
    alternatives = token.top or {
        token.token: token.logprob,
        **{word: -3.0 - i for i, word in enumerate(_ALTERNATIVES) if word != token.token},
    }
    best = sorted(alternatives.items(), key=lambda item: -item[1])[:top]
    return (TokenLogprob(token=token.token, logprob=token.logprob, top=dict(best)),)


def _check_json(text: str, finish: FinishReason, request: ChatRequest) -> None:
    """Raise GenerationFailed when a finished answer to a request with a schema is not JSON."""
    if request.schema is None or finish != "stop":
        return
    try:
        json.loads(text)
    except ValueError as error:
        raise GenerationFailed(
            "The script answered a request that has a schema with text that is not JSON.",
            remedy="Let the script return JSON, or None for the smallest that fits.",
        ) from error


def _smallest(schema: Json, root: Mapping[str, Json]) -> Json:
    """Return the smallest instance of a schema whose references are resolved in `root`."""
    if not isinstance(schema, dict):
        raise _unusable("a part of it is not an object")
    if isinstance(reference := schema.get("$ref"), str):
        return _smallest(_resolve(reference, root), root)
    if "const" in schema:
        return schema["const"]
    for choices in ("enum", "anyOf", "oneOf", "allOf"):
        options = schema.get(choices)
        if isinstance(options, list) and options:
            return options[0] if choices == "enum" else _smallest(options[0], root)
    return _smallest_of_type(schema, root)


def _smallest_of_type(schema: Mapping[str, Json], root: Mapping[str, Json]) -> Json:
    """Return the smallest instance of a schema that names a type."""
    kind = schema.get("type", "object" if "properties" in schema else None)
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "object":
            properties = cast("dict[str, Json]", schema.get("properties", {}))
            required = cast("list[str]", schema.get("required", []))
            return {key: _smallest(value, root) for key, value in properties.items() if key in required}
        case "array":
            count = _whole(schema.get("minItems"))
            return [_smallest(schema["items"], root) for _ in range(count)] if count else []
        case "string":
            return "x" * _whole(schema.get("minLength"))
        case "integer" | "number":
            return cast("int", schema.get("minimum", 0))
        case "boolean":
            return False
        case "null":
            return None
        case _:
            raise _unusable(f"its type is {kind!r}")


def _resolve(reference: str, root: Mapping[str, Json]) -> Json:
    """Return what a JSON pointer such as #/$defs/Item names."""
    found: Json = dict(root)
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _whole(value: Json) -> int:
    """Return a count a schema states, 0 where it states none."""
    return value if isinstance(value, int) else 0


def _unusable(problem: str) -> ModelRefused:
    """Return the refusal of a schema."""
    return ModelRefused(
        f"The schema cannot be used: {problem}.", status=400, remedy="Correct the JSON Schema."
    )
