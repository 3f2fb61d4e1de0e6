"""One generation with a transformers model, token by token; runs in a worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from core.chat import ChatDelta, FinishReason, TokenLogprob, Usage
from gpu.answers import check_json
from gpu.job import Job
from gpu.text_stream import Detokenizer, StopScanner

if TYPE_CHECKING:
    from gpu.grammar import Grammar
    from gpu.hub import LoadedModel


def generate(loaded: LoadedModel, job: Job) -> None:
    """Emit an answer piece by piece, the last with finish and usage; fall silent when cancelled.

    Raises ModelRefused for a prompt that does not fit or a schema that cannot be kept, GenerationFailed for
    an answer that is not what the schema says.
    """
    prompt = loaded.prompt(job.request)
    if job.cancelled():
        return
    grammar = None if job.request.schema is None else loaded.vocabulary.grammar(job.request.schema)
    writer = _Writer(loaded, job)
    chooser = _Chooser(loaded, job, grammar, writer)
    loaded.run(prompt, job.request.max_tokens, chooser.choose, chooser.done)
    if not job.cancelled():
        writer.end(Usage(prompt_tokens=len(prompt), completion_tokens=writer.tokens))


class _Writer:
    """Turns chosen tokens into deltas."""

    def __init__(self, loaded: LoadedModel, job: Job) -> None:
        self._job = job
        self._ends = loaded.ends
        self._detokenizer = Detokenizer(loaded.decode)
        self._scanner = StopScanner(job.request.stop)
        self._text: list[str] = []
        self.tokens = 0
        self.finish: FinishReason | None = None

    def write(self, token: int, logprobs: tuple[TokenLogprob, ...]) -> None:
        """Take one token: emit the text that is now certain, and decide whether it is the last."""
        self.tokens += 1
        if token in self._ends:
            self.finish = "stop"
            self._emit(self._flushed(), logprobs)
            return
        text = self._scanner.push(self._detokenizer.push(token))
        if self._scanner.stopped:
            self.finish = "stop"
        elif self.tokens >= self._job.request.max_tokens:
            self.finish = "length"
            text += self._flushed()
        self._emit(text, logprobs)

    def end(self, usage: Usage) -> None:
        """Emit the last delta, once the answer is known to be what was asked for."""
        finish = self.finish or "length"
        check_json("".join(self._text), finish, self._job.request)
        self._job.emit(ChatDelta(text="", finish=finish, usage=usage))

    def _flushed(self) -> str:
        """Return the text that was held back."""
        text = self._scanner.push(self._detokenizer.flush())
        return text if self._scanner.stopped else text + self._scanner.flush()

    def _emit(self, text: str, logprobs: tuple[TokenLogprob, ...]) -> None:
        """Emit a piece if there is anything in it."""
        if text or logprobs:
            self._text.append(text)
            self._job.emit(ChatDelta(text=text, logprobs=logprobs))


class _Chooser:
    """Chooses each next token: by schema, temperature and the request's own seed."""

    def __init__(self, loaded: LoadedModel, job: Job, grammar: Grammar | None, writer: _Writer) -> None:
        self._loaded = loaded
        self._job = job
        self._grammar = grammar
        self._writer = writer
        self._random = torch.Generator()
        if job.request.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(job.request.seed)

    def done(self) -> bool:
        """Return whether no further token is wanted."""
        return self._writer.finish is not None or self._job.cancelled()

    def choose(self, logits: torch.Tensor) -> int:
        """Return the next token for logits of shape (vocabulary,), and write it down."""
        if self.done():
            return self._loaded.ends[0]
        logits = logits.float().cpu()
        token = self._drawn(self._permitted(logits))
        self._writer.write(token, self._logprobs(logits, token))
        if self._grammar is not None and token not in self._loaded.ends:
            self._grammar.accept(token)
        return token

    def _permitted(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the logits, minus infinity where the schema forbids a token."""
        if self._grammar is None:
            return logits
        return logits.masked_fill(~torch.as_tensor(self._grammar.allowed()), float("-inf"))

    def _drawn(self, logits: torch.Tensor) -> int:
        """Return the best token at temperature 0, else one drawn in proportion."""
        temperature = self._job.request.temperature
        if temperature <= 0:
            return int(logits.argmax())
        weights = torch.softmax(logits / temperature, dim=-1)
        return int(torch.multinomial(weights, 1, generator=self._random))

    def _logprobs(self, logits: torch.Tensor, token: int) -> tuple[TokenLogprob, ...]:
        """Return the token's logprob and alternatives before schema and temperature, as vLLM gives them."""
        top = self._job.request.top_logprobs
        if top == 0:
            return ()
        logprobs = torch.log_softmax(logits, dim=-1)
        values, indices = logprobs.topk(min(top, len(logprobs)))
        best: dict[str, float] = {}
        for value, index in zip(values, indices, strict=True):
            best.setdefault(self._loaded.decode([int(index)], special=True), float(value))
        written = self._loaded.decode([token], special=True)
        return (TokenLogprob(token=written, logprob=float(logprobs[token]), top=best),)
