"""A model's shape without its weights: what `--load-format dummy` serves, to measure a node without them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from gpu.bench.workload import corpus
from gpu.capacity.shape import ModelShape

LEARNED: Final = 16_384
CONTEXT: Final = 32_768
_SPECIAL: Final = ("<|begin|>", "<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>")
_TEMPLATE: Final = (
    "<|begin|>{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def make_dummy_model(shape: ModelShape, folder: Path, *, context: int = CONTEXT) -> Path:
    """Write a config.json and a tokenizer of a dense shape into a folder, and return it; no weights.

    The tokenizer learns from the bench's own text, then is filled up to the shape's vocabulary, so that whatever token
    random weights say has a text. Raises ValueError for a mixture of experts.
    """
    if shape.experts > 1:
        raise ValueError("a mixture of experts has no plain Llama config")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_bytes(orjson.dumps(_config(shape, context), option=orjson.OPT_INDENT_2))
    (folder / "tokenizer.json").write_bytes(_tokenizer(shape.vocabulary))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": _SPECIAL[0],
        "eos_token": _SPECIAL[1],
        "pad_token": _SPECIAL[2],
        "chat_template": _TEMPLATE,
        "model_max_length": context,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_bytes(orjson.dumps(settings, option=orjson.OPT_INDENT_2))
    return folder


def _config(shape: ModelShape, context: int) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": context,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 500_000.0,
        "tie_word_embeddings": shape.tied,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 2,
        "dtype": "bfloat16",
    }


def _tokenizer(vocabulary: int) -> bytes:
    """Return a byte-level BPE tokenizer of exactly so many tokens, as its file."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=min(LEARNED, vocabulary),
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(4_000), trainer)
    begin = tokenizer.token_to_id(_SPECIAL[0])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_SPECIAL[0]} $A", pair=f"{_SPECIAL[0]} $A $B", special_tokens=[(_SPECIAL[0], begin)]
    )
    written = orjson.loads(tokenizer.to_str())
    known: dict[str, int] = written["model"]["vocab"]
    known |= {f"filler{number}": number for number in range(len(known), vocabulary)}
    return orjson.dumps(written)
