"""Chat models of the Hugging Face hub, or of a folder, through transformers: all that is asked of it is here."""

from __future__ import annotations

import inspect
import socket
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from huggingface_hub.constants import ENDPOINT
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.cache_utils import DynamicCache, DynamicLayer
from transformers.utils import logging as transformers_logging

from core.chat import ChatRequest
from core.errors import ModelRefused, ModelUnavailable
from gpu.answers import readable, turns
from gpu.grammar import Vocabulary
from gpu.job import ModelSource

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

HUB_SECONDS: Final = 3.0
UNSTATED_CONTEXT: Final = 4096
"""Of a model whose configuration names no longest sequence."""


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

    def get_text_config(self) -> _Config: ...


class _Generation(Protocol):
    eos_token_id: int | list[int] | None


class _Output(Protocol):
    logits: torch.Tensor


class _Model(Protocol):
    config: _Config
    generation_config: _Generation

    def to(self, device: str) -> _Model: ...
    def eval(self) -> _Model: ...
    def forward(self, **arguments: object) -> _Output: ...
    def __call__(self, **arguments: object) -> _Output: ...


class _Loader(Protocol):
    """What from_pretrained promises us of either class."""

    def from_pretrained(self, path_or_hub_id: str, **options: object) -> object: ...


class LoadedModel:
    """A model and its tokenizer, ready to answer; for one thread."""

    def __init__(self, model: _Model, tokenizer: _Tokenizer, device: str, name: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self.device = device
        self.name = name
        self._config = model.config.get_text_config()

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The tokens that end an answer."""
        ends = self._model.generation_config.eos_token_id
        ends = self._tokenizer.eos_token_id if ends is None else ends
        return tuple(ends) if isinstance(ends, list) else (cast("int", ends),)

    @property
    def context(self) -> int:
        """How many tokens prompt and answer may have together."""
        return getattr(self._config, "max_position_embeddings", None) or UNSTATED_CONTEXT

    @cached_property
    def batchable(self) -> bool:
        """Whether its only state are keys and values, which can be padded; recurrent models have more."""
        layers = DynamicCache(config=cast("PreTrainedConfig", self._config)).layers
        return all(isinstance(layer, DynamicLayer) for layer in layers)

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
        if len(ids) + request.max_tokens > self.context:
            raise ModelRefused(
                f"{self.name}: {len(ids)} prompt tokens and max_tokens={request.max_tokens} exceed its "
                f"context of {self.context} tokens.",
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

    def new_cache(self) -> DynamicCache:
        """Return an empty cache for one sequence: of keys and values alone where the model has no other state."""
        return (
            DynamicCache() if self.batchable else DynamicCache(config=cast("PreTrainedConfig", self._config))
        )

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: DynamicCache
    ) -> torch.Tensor:
        """Return the logits after the last token of each row, float32 on the CPU, shape (rows, vocabulary).

        `ids` and `positions` have shape (rows, new tokens), `mask` (rows, all tokens); the cache takes up the new ones.
        """
        extra: dict[str, object] = {"logits_to_keep": 1} if "logits_to_keep" in self._accepted else {}
        if "position_ids" in self._accepted:
            extra["position_ids"] = positions.to(self.device)
        with torch.inference_mode():
            output = self._model(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                past_key_values=cache,
                use_cache=True,
                **extra,
            )
        return output.logits[:, -1].float().cpu()

    @cached_property
    def _accepted(self) -> frozenset[str]:
        """Which arguments the model's forward pass takes."""
        return frozenset(inspect.signature(self._model.forward).parameters)


def load(source: ModelSource) -> LoadedModel:
    """Return the model of a source, fetched if need be; it runs no code of the hub's, only safetensors weights.

    Without a way to the hub only what was fetched before is looked for. Raises ModelUnavailable when it cannot be had,
    or is no chat model.
    """
    transformers_logging.disable_progress_bar()
    if source.threads is not None:
        torch.set_num_threads(source.threads)
    found = Path(source.path_or_hub_id).expanduser()
    here = found.is_dir() or source.local_files_only or not hub_reachable()
    options = {"local_files_only": here, "trust_remote_code": False}
    place = str(found) if found.is_dir() else source.path_or_hub_id
    try:
        tokenizer = cast("_Loader", AutoTokenizer).from_pretrained(place, **options)
        model = cast("_Loader", AutoModelForCausalLM).from_pretrained(
            place, dtype=source.dtype, use_safetensors=True, **options
        )
        placed = cast("_Model", model).to(source.device).eval()
    except Exception as error:  # torch and transformers raise of every kind here, assertions too
        raise (_not_here(source) if here and not found.is_dir() else _failed(source, error)) from error
    tokenizer = cast("_Tokenizer", tokenizer)
    if not tokenizer.chat_template:
        raise ModelUnavailable(
            f"{source.path_or_hub_id} has no chat template.",
            remedy="Take the instruct (or chat) version of the model.",
        )
    return LoadedModel(placed, tokenizer, source.device, source.path_or_hub_id)


def hub_reachable() -> bool:
    """Tell within seconds whether something listens at the hub; its own client tries for a minute before it says no.

    Behind a proxy nothing can be told, and the answer is yes.
    """
    if getproxies():
        return True
    address = urlsplit(ENDPOINT)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), timeout=HUB_SECONDS).close()
    except OSError:
        return False
    return True


def _failed(source: ModelSource, error: Exception) -> ModelUnavailable:
    """Return the error for a model that is there, or whose hub answers, and cannot be loaded."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return ModelUnavailable(
        f"The model {source.path_or_hub_id} cannot be loaded on {source.device}: {reason}",
        remedy=(
            "Give a folder with a chat model's config.json, tokenizer and *.safetensors, or the hub id of such a model "
            "(a gated one after `hf auth login`), and a device that is there and has the memory."
        ),
    )


def _not_here(source: ModelSource) -> ModelUnavailable:
    """Return the error for what is no folder, was not fetched before, and cannot be fetched now."""
    name = source.path_or_hub_id
    return ModelUnavailable(
        f"The model {name} cannot be loaded on {source.device}: there is no such folder, it was not fetched "
        f"before, and {ENDPOINT} cannot be reached (or is not to be asked).",
        remedy=(
            f"Check the name. Where the hub can be reached, run `hf download {name} --local-dir FOLDER`, bring the "
            "folder here (config.json, tokenizer, *.safetensors) and give its path, in CATCHUP_MODEL for one."
        ),
    )
