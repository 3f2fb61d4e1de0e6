"""Chat models of the Hugging Face hub, or of a folder, through transformers: all that is asked of it is here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol, cast

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.utils import logging as transformers_logging

from core.chat import ChatRequest
from core.errors import ModelRefused, ModelUnavailable
from gpu.answers import readable, turns
from gpu.grammar import Vocabulary
from gpu.job import ModelSource


class _Encoding(Protocol):
    ids: list[int]


class _Backend(Protocol):
    """The tokenizer in Rust, which threads may share."""

    def encode(self, sequence: str, *, add_special_tokens: bool) -> _Encoding: ...
    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool) -> str: ...
    def to_str(self) -> str: ...


class _Tokenizer(Protocol):
    backend_tokenizer: _Backend
    chat_template: str | None
    eos_token_id: int | None

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, add_generation_prompt: bool, tokenize: bool
    ) -> str: ...


class _Config(Protocol):
    vocab_size: int
    max_position_embeddings: int

    def get_text_config(self) -> _Config: ...


class _Generation(Protocol):
    eos_token_id: int | list[int] | None


class _Model(Protocol):
    config: _Config
    generation_config: _Generation

    def to(self, device: str) -> _Model: ...
    def eval(self) -> _Model: ...
    def generate(self, **arguments: object) -> torch.Tensor: ...


class _Loader(Protocol):
    """What from_pretrained promises us of either class."""

    def from_pretrained(self, path_or_hub_id: str, **options: object) -> object: ...


class LoadedModel:
    """A model and its tokenizer, ready to answer; one generation at a time."""

    def __init__(self, model: _Model, tokenizer: _Tokenizer, device: str, name: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._device = device
        self._name = name
        self._config = model.config.get_text_config()
        self._vocabulary_lock = threading.Lock()

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The tokens that end an answer."""
        ends = self._model.generation_config.eos_token_id
        ends = self._tokenizer.eos_token_id if ends is None else ends
        return tuple(ends) if isinstance(ends, list) else (cast("int", ends),)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens, prepared for grammars on first use."""
        return Vocabulary(
            self._tokenizer.backend_tokenizer.to_str(), size=self._config.vocab_size, ends=self.ends
        )

    def prompt(self, request: ChatRequest) -> list[int]:
        """Return the tokens of the messages in the model's own chat template.

        Raises ModelRefused (400) when they and max_tokens exceed the model's context.
        """
        text = self._tokenizer.apply_chat_template(turns(request), add_generation_prompt=True, tokenize=False)
        ids = self._tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        context = self._config.max_position_embeddings
        if len(ids) + request.max_tokens > context:
            raise ModelRefused(
                f"{self._name}: {len(ids)} prompt tokens and max_tokens={request.max_tokens} exceed its "
                f"context of {context} tokens.",
                status=400,
                remedy="Shorten the prompt or lower max_tokens.",
            )
        return ids

    def count(self, text: str) -> int:
        """Return the tokens of a text, none of them special."""
        return len(self._tokenizer.backend_tokenizer.encode(readable(text), add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int], *, special: bool = False) -> str:
        """Return the text of tokens, special ones only on demand."""
        return self._tokenizer.backend_tokenizer.decode(list(ids), skip_special_tokens=not special)

    def run(
        self,
        prompt: Sequence[int],
        max_tokens: int,
        choose: Callable[[torch.Tensor], int],
        done: Callable[[], bool],
    ) -> None:
        """Let the model continue a prompt with the tokens that `choose` takes from its logits, until `done`."""

        def process(_: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            chosen = torch.full_like(scores, float("-inf"))
            chosen[0, choose(scores[0])] = 0.0
            return chosen

        def stop(input_ids: torch.Tensor, _: object) -> torch.Tensor:
            return torch.full((input_ids.shape[0],), done(), dtype=torch.bool, device=input_ids.device)

        ids = torch.tensor([list(prompt)], device=self._device)
        settings = GenerationConfig(
            max_new_tokens=max_tokens,
            do_sample=False,
            eos_token_id=list(self.ends),
            pad_token_id=self.ends[0],
        )
        self._model.generate(
            inputs=ids,
            attention_mask=torch.ones_like(ids),
            generation_config=settings,
            logits_processor=[process],
            stopping_criteria=[stop],
        )


def load(source: ModelSource) -> LoadedModel:
    """Return the model of a source, fetched if need be; it runs no code of the hub's, only safetensors weights.

    Raises ModelUnavailable when it cannot be had, or is no chat model.
    """
    transformers_logging.disable_progress_bar()
    if source.threads is not None:
        torch.set_num_threads(source.threads)
    options = {"local_files_only": source.local_files_only, "trust_remote_code": False}
    try:
        tokenizer = cast("_Loader", AutoTokenizer).from_pretrained(source.path_or_hub_id, **options)
        model = cast("_Loader", AutoModelForCausalLM).from_pretrained(
            source.path_or_hub_id, dtype=source.dtype, use_safetensors=True, **options
        )
        placed = cast("_Model", model).to(source.device).eval()
    except Exception as error:  # torch and transformers raise of every kind here, assertions too
        raise _not_to_be_had(source, error) from error
    tokenizer = cast("_Tokenizer", tokenizer)
    if not tokenizer.chat_template:
        raise ModelUnavailable(
            f"{source.path_or_hub_id} has no chat template.",
            remedy="Take the instruct (or chat) version of the model.",
        )
    return LoadedModel(placed, tokenizer, source.device, source.path_or_hub_id)


def _not_to_be_had(source: ModelSource, error: Exception) -> ModelUnavailable:
    """Return the error for a model that cannot be loaded."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return ModelUnavailable(
        f"The model {source.path_or_hub_id} cannot be loaded on {source.device}: {reason}",
        remedy=(
            "Give a folder with a chat model's config.json, tokenizer and *.safetensors, or a hub id while the "
            "hub can be reached; `hf download ID` fetches one beforehand."
        ),
    )
