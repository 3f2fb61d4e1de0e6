"""A decoder's shape, from its config.json, and what follows from it: parameters, bytes a token, operations a token."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import pydantic
from pydantic import AliasChoices, Field

from core.errors import InvalidInput

_BITS: Final = {"float32": 32, "bfloat16": 16, "float16": 16}
_METHOD_BITS: Final = {"fp8": 8, "fbgemm_fp8": 8, "modelopt": 8, "awq": 4, "gptq": 4, "mxfp4": 4}
_HALF: Final = 16


class Precision(StrEnum):
    """How weights are kept; products of fp8 weights run in FP8 where the GPU can, of int4 in BF16."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP8 = "fp8"
    INT4 = "int4"

    @property
    def bits(self) -> int:
        """Bits a weight."""
        return {Precision.FP32: 32, Precision.BF16: 16, Precision.FP8: 8, Precision.INT4: 4}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """A decoder with grouped-query attention and gated MLPs, dense or a mixture of experts.

    `kv_bits` a number kept in the cache. Norms, biases and routers are left out: under 0.1% of the parameters.
    """

    name: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool = False
    experts: int = 1
    experts_a_token: int = 1
    precision: Precision = Precision.BF16
    kv_bits: int = _HALF

    @property
    def attention(self) -> int:
        """Parameters of all attention layers."""
        return self.layers * self.hidden * self.head_dim * 2 * (self.heads + self.kv_heads)

    @property
    def expert(self) -> int:
        """Parameters of one expert (of a dense model: the MLP) over all layers."""
        return self.layers * 3 * self.hidden * self.intermediate

    @property
    def embedding(self) -> int:
        """Parameters of one vocabulary matrix."""
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.attention + self.experts * self.expert + self.embedding * (1 if self.tied else 2)

    @property
    def active(self) -> int:
        """Parameters that take part in one token; looking up an embedding is no product."""
        return self.attention + self.experts_a_token * self.expert + self.embedding

    @property
    def weight_bytes(self) -> float:
        """Bytes of all weights; vocabulary matrices stay 16-bit where the rest is quantized."""
        matrices = self.attention + self.experts * self.expert
        return matrices * self.precision.bits / 8 + (self.parameters - matrices) * self._vocabulary_bytes

    def bytes_read(self, batch: float) -> float:
        """Bytes of weights that one decoding step reads: of the experts those that `batch` tokens hit, on average."""
        hit = self.experts * (1 - (1 - self.experts_a_token / self.experts) ** batch)
        matrices = self.attention + hit * self.expert
        return matrices * self.precision.bits / 8 + self.embedding * self._vocabulary_bytes

    @property
    def kv_bytes(self) -> float:
        """Bytes that one token keeps in the cache: keys and values of every layer."""
        return 2 * self.layers * self.kv_heads * self.head_dim * self.kv_bits / 8

    def prefill_operations(self, new: float, cached: float) -> float:
        """Floating-point operations to read `new` tokens after `cached` ones: products, and causal attention."""
        attended = new * (cached + new / 2)
        return 2 * self.active * new + 4 * self.layers * self.heads * self.head_dim * attended

    @property
    def _vocabulary_bytes(self) -> float:
        return max(self.precision.bits, _HALF) / 8


_Count = Annotated[int, Field(ge=1)]


class _Quantization(pydantic.BaseModel):
    quant_method: str = ""
    bits: int | None = None


class ConfigFile(pydantic.BaseModel):
    """What is read of a Hugging Face config.json; other fields are skipped."""

    hidden_size: _Count
    num_hidden_layers: _Count
    num_attention_heads: _Count
    vocab_size: _Count
    intermediate_size: _Count
    num_key_value_heads: _Count | None = None
    head_dim: _Count | None = None
    tie_word_embeddings: bool = False
    num_experts: Annotated[
        int, Field(ge=1, validation_alias=AliasChoices("num_experts", "num_local_experts"))
    ] = 1
    num_experts_per_tok: _Count = 1
    moe_intermediate_size: _Count | None = None
    dtype: Annotated[str, Field(validation_alias=AliasChoices("dtype", "torch_dtype"))] = "bfloat16"
    quantization_config: _Quantization | None = None
    kv_lora_rank: int | None = None


def shape_of(name: str, config: ConfigFile) -> ModelShape:
    """Return the shape that a config describes; raise InvalidInput for an attention that this does not know."""
    if config.kv_lora_rank:
        raise InvalidInput(
            "MODEL",
            name,
            "has multi-head latent attention, whose cache these formulae do not know",
            remedy="Measure a node with `catchup gpu bench`.",
        )
    dense = config.num_experts == 1
    return ModelShape(
        name=name,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size
        if dense
        else (config.moe_intermediate_size or config.intermediate_size),
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads or config.num_attention_heads,
        head_dim=config.head_dim or config.hidden_size // config.num_attention_heads,
        vocabulary=config.vocab_size,
        tied=config.tie_word_embeddings,
        experts=config.num_experts,
        experts_a_token=min(config.num_experts_per_tok, config.num_experts),
        precision=_precision(name, config),
    )


def _precision(name: str, config: ConfigFile) -> Precision:
    """Return how the weights of a checkpoint are kept."""
    quantized = config.quantization_config
    if quantized is None:
        if config.dtype not in _BITS:
            raise InvalidInput("dtype", config.dtype, f"of {name} is not known", remedy="Give --weights.")
        return Precision.FP32 if _BITS[config.dtype] == 32 else Precision.BF16
    if bits := quantized.bits or _METHOD_BITS.get(quantized.quant_method):
        return Precision.INT4 if bits <= 4 else Precision.FP8
    raise InvalidInput(
        "quantization_config",
        quantized.quant_method,
        "does not say how many bits a weight has",
        remedy="Say how weights are kept with --weights.",
    )
