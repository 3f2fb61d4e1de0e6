"""JSON Schemas as masks over a model's vocabulary, so that it can say nothing else.

Source: llguidance (https://github.com/guidance-ai/llguidance), one of the engines behind vLLM's structured output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from numpy.typing import NDArray

from core.chat import Json
from core.errors import GenerationFailed, ModelRefused


class Vocabulary:
    """A model's tokens, prepared once for every schema (about a second for 150,000)."""

    def __init__(self, tokenizer_json: str, *, size: int, ends: Sequence[int]) -> None:
        self._tokenizer = LLTokenizer(tokenizer_json, n_vocab=size, eos_token=list(ends))
        self._size = size

    def grammar(self, schema: Mapping[str, Json]) -> Grammar:
        """Return a fresh grammar; raise ModelRefused (400), as a server does, for a schema that cannot be kept."""
        try:
            source = LLMatcher.grammar_from_json_schema(
                dict(schema), overrides={"whitespace_flexible": False}
            )
            matcher = LLMatcher(self._tokenizer, source, log_level=0)
            problem = matcher.get_error()
        except ValueError as error:
            problem = str(error)
            matcher = None
        if problem or matcher is None:
            raise ModelRefused(
                f"The schema cannot be used: {' '.join(problem.split())[:200]}.",
                status=400,
                remedy="Correct the JSON Schema.",
            )
        return Grammar(matcher, self._size)


class Grammar:
    """What may come next in one answer."""

    def __init__(self, matcher: LLMatcher, size: int) -> None:
        self._matcher = matcher
        self._size = size

    def allowed(self) -> NDArray[np.bool_]:
        """Return which tokens may come next, shape (vocabulary,)."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        return np.unpackbits(bits, count=self._size, bitorder="little").astype(np.bool_)

    def accept(self, token: int) -> None:
        """Move on by the token chosen; raise GenerationFailed if the grammar broke."""
        if not self._matcher.consume_token(token) and (problem := self._matcher.get_error()):
            raise GenerationFailed(
                f"The schema could not be kept: {' '.join(problem.split())[:200]}.",
                remedy="Simplify the JSON Schema.",
            )
