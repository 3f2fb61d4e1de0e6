"""A random Llama of two layers with a tokenizer of its own: loads in transformers and in vLLM, knows nothing."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

VOCABULARY = 512
CONTEXT = 8192
SPECIAL = ["<|begin|>", "<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = (
    "<|begin|>{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
LESSONS = [
    "What did I miss in this channel since yesterday morning?",
    "The deploy failed because the migration was missing, and we rolled it back.",
    "We decided to ship on Friday. Who will write the announcement?",
    '{"items":[{"id":"m1","kind":"decision","text":"ship on Friday"}]}',
    "Ünïcode, naïve café, 日本語, emoji 🎉 and 12:30 are in here too.",
]


def build(folder: Path, *, seed: int = 0) -> Path:
    """Write the model into a folder and return it; the same seed makes the same model.

    It has no wish to end: an answer runs to its limit unless a grammar leaves nothing else to say.
    """
    import torch  # here, so that collecting tests does not take seconds
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = _tokenizer()
    ids = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=CONTEXT,
        initializer_range=0.2,
        bos_token_id=ids["<|begin|>"],
        eos_token_id=ids["<|end|>"],
        pad_token_id=ids["<|pad|>"],
        tie_word_embeddings=False,
        dtype="float32",
    )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        model.lm_head.weight[ids["<|end|>"]] = 0.0
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin|>",
        eos_token="<|end|>",
        pad_token="<|pad|>",
        chat_template=TEMPLATE,
        model_max_length=CONTEXT,
    ).save_pretrained(folder)
    return folder


def _tokenizer() -> Tokenizer:
    """Return a byte-level BPE tokenizer learned from the lessons; it writes any text, and adds <|begin|>."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LESSONS, trainer)
    begin = tokenizer.token_to_id("<|begin|>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", pair="<|begin|> $A $B", special_tokens=[("<|begin|>", begin)]
    )
    return tokenizer
