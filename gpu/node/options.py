"""What an operator says of a node to start."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.errors import InvalidInput

CONTEXT_TOKENS: Final = 16_384
BATCHED_TOKENS: Final = 8_192
QUEUE_FACTOR: Final = 2


class Device(StrEnum):
    """What a node computes on; auto: what the vLLM build is made for."""

    AUTO = "auto"
    CUDA = "cuda"
    CPU = "cpu"


class KvDtype(StrEnum):
    """How keys and values are kept; fp8 halves their memory (judge answers before trusting it)."""

    AUTO = "auto"
    FP8 = "fp8"


class Speculative(StrEnum):
    """How tokens are guessed ahead; off unless `catchup gpu bench --compare` shows that it helps."""

    NONE = "none"
    SUFFIX = "suffix"
    NGRAM = "ngram"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """A node to start: `context` in tokens of prompt and answer, `sequences` that decode at once.

    `queued` bounds requests inside the node, running or waiting, `queued_tokens` prompt tokens not yet read (None: no
    bound); `kv_cache_gb` is memory for keys and values on a CPU, in GiB; `extra` goes to vLLM as it is, last, and wins.
    """

    model: str
    host: str = "127.0.0.1"
    port: int = 8000
    served_name: str = ""
    device: Device = Device.AUTO
    context: int = CONTEXT_TOKENS
    sequences: int | None = None
    queued: int | None = None
    queued_tokens: int | None = None
    tensor_parallel: int = 1
    kv_dtype: KvDtype = KvDtype.AUTO
    kv_cache_gb: int | None = None
    speculative: Speculative = Speculative.NONE
    load_format: str = "auto"
    offline: bool = False
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.model.strip() or self.model.startswith("-"):
            raise InvalidInput(
                "MODEL", self.model, "must name a model", remedy="Give a folder, or a hub id like org/name."
            )
        if "\0" in "".join((self.model, self.served_name, self.host, *self.extra)):
            raise InvalidInput("MODEL", self.model, "holds a NUL character", remedy="Leave it out.")
        for field, value in self._counts().items():
            if value is not None and value < 1:
                raise InvalidInput(field, value, "must be at least 1", remedy="Give a larger number.")

    def _counts(self) -> dict[str, int | None]:
        return {
            "--port": self.port,
            "--context": self.context,
            "--sequences": self.sequences,
            "--queued": self.queued,
            "--queued-tokens": self.queued_tokens,
            "--tensor-parallel": self.tensor_parallel,
            "--kv-cache-gb": self.kv_cache_gb,
        }
