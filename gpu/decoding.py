"""Many generations with one transformers model, a token of each in every forward pass; runs in a worker thread.

Rows join as others finish (continuous batching; Yu et al., Orca, OSDI 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from core.chat import ChatDelta, FinishReason, TokenLogprob, Usage
from core.errors import CatchupError, ModelUnavailable
from gpu.answers import check_json
from gpu.batch import Batch
from gpu.job import Job
from gpu.text_stream import Detokenizer, StopScanner

if TYPE_CHECKING:
    from gpu.grammar import Grammar
    from gpu.hub import LoadedModel


class Decoder:
    """Answers up to `max_batch` jobs at once, each by its own grammar, seed, stops and limit.

    Whatever goes wrong with a job is emitted to it: ModelRefused for a prompt that does not fit or a schema that
    cannot be kept, GenerationFailed for an answer that is not what the schema says. A cancelled job falls silent.
    """

    def __init__(self, loaded: LoadedModel, *, max_batch: int) -> None:
        self._loaded = loaded
        self._max_batch = max_batch if loaded.batchable else 1
        self._batch = Batch(loaded)
        self._rows: list[_Answer] = []

    @property
    def active(self) -> int:
        """How many answers are under way."""
        return len(self._rows)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that are being answered."""
        return tuple(row.job for row in self._rows)

    @property
    def room(self) -> int:
        """How many more could be."""
        return self._max_batch - len(self._rows)

    def admit(self, job: Job) -> None:
        """Read a job's prompt, choose its first token and let it join the others."""
        if self._guarded(job, lambda: self._begin(job)) is not True:
            job.done()

    def step(self) -> None:
        """Choose one more token for every answer under way; those that end leave."""
        self._leave([row.job.cancelled() for row in self._rows])
        if not self._rows:
            return
        try:
            logits = self._batch.step([row.token for row in self._rows])
        except Exception as error:  # out of memory, say: nothing is known of any row any more
            for row in self._rows:
                row.job.emit(self._failure(error))
            self._leave([True] * len(self._rows))
            return
        going = [
            self._guarded(row.job, row.taker(line)) for row, line in zip(self._rows, logits, strict=True)
        ]
        self._leave([on is not True for on in going])

    def _begin(self, job: Job) -> bool:
        """Return whether a job joined: false where it was cancelled, or its first token was its last."""
        if job.cancelled():
            return False
        prompt = self._loaded.prompt(job.request)
        grammar = None if job.request.schema is None else self._loaded.vocabulary.grammar(job.request.schema)
        read = self._batch.read(prompt, job.cancelled)
        if read is None:
            return False
        row = _Answer(self._loaded, job, grammar, prompt_tokens=len(prompt))
        if not row.take(read.logits):
            return False
        self._batch.join(read)
        self._rows.append(row)
        return True

    def _leave(self, leaving: list[bool]) -> None:
        """Let rows go, and tell their jobs."""
        if not any(leaving):
            return
        self._batch.keep([at for at, gone in enumerate(leaving) if not gone])
        gone = [row for row, leaves in zip(self._rows, leaving, strict=True) if leaves]
        self._rows = [row for row, leaves in zip(self._rows, leaving, strict=True) if not leaves]
        for row in gone:
            row.job.done()

    def _guarded(self, job: Job, work: Callable[[], bool]) -> bool | None:
        """Return what the work returns; emit to the job what it raises."""
        try:
            return work()
        except CatchupError as error:
            job.emit(error)
        except Exception as error:  # a model's code may raise anything; the caller must hear of it
            job.emit(self._failure(error))
        return None

    def _failure(self, error: Exception) -> ModelUnavailable:
        failure = ModelUnavailable(
            f"{self._loaded.name} failed: {type(error).__name__}.",
            remedy="See the log; the model may need more memory, or not suit this version of transformers.",
        )
        failure.__cause__ = error
        return failure


class _Answer:
    """One row: chooses its tokens, writes them down, and knows when it is finished."""

    def __init__(self, loaded: LoadedModel, job: Job, grammar: Grammar | None, *, prompt_tokens: int) -> None:
        self.job = job
        self.token = 0
        self._prompt_tokens = prompt_tokens
        self._writer = _Writer(loaded, job)
        self._chooser = _Chooser(loaded, job, grammar, self._writer)

    def taker(self, logits: torch.Tensor) -> Callable[[], bool]:
        """Return `take` with its logits, to be called later."""
        return lambda: self.take(logits)

    def take(self, logits: torch.Tensor) -> bool:
        """Choose the next token from logits of shape (vocabulary,); return whether more are wanted."""
        self.token = self._chooser.choose(logits)
        if self._writer.finish is None:
            return True
        self._writer.end(Usage(prompt_tokens=self._prompt_tokens, completion_tokens=self._writer.tokens))
        return False


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

    def choose(self, logits: torch.Tensor) -> int:
        """Return the next token for logits of shape (vocabulary,), and write it down."""
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
