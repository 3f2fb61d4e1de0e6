"""The flags of vLLM for this workload, each with why, and what its absence from a version means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from gpu.node.options import BATCHED_TOKENS, QUEUE_FACTOR, Device, KvDtype, NodeOptions, Speculative

CPU_BATCHED_TOKENS: Final = 2_048
CPU_SEQUENCES: Final = 16
SEQUENCES: Final = 256
SHUTDOWN_SECONDS: Final = 30
_SPECULATION: Final = {
    Speculative.SUFFIX: {"method": "suffix"},
    Speculative.NGRAM: {
        "method": "ngram",
        "num_speculative_tokens": 4,
        "prompt_lookup_min": 2,
        "prompt_lookup_max": 4,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag: `why` this workload wants it, `without` what is lost on a vLLM that does not know it.

    A `required` one is not left out: the product would break, not only slow down.
    """

    name: str
    value: str | None = None
    why: str
    without: str
    required: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """The flag as the command line takes it."""
        return (self.name,) if self.value is None else (self.name, self.value)


def flags_for(options: NodeOptions, device: str) -> tuple[Flag, ...]:
    """Return the flags for a node on a device ("cuda", "cpu", …), in the order of the command."""
    on_cpu = device == Device.CPU
    return (
        *_address(options),
        *_batching(options, on_cpu=on_cpu),
        *_contract(),
        *_admission(options, on_cpu=on_cpu),
        *_asked_for(options, on_cpu=on_cpu),
        *_privacy(),
    )


def environment_for(options: NodeOptions, device: str) -> dict[str, str]:
    """Return the environment variables that a node needs beside its own environment."""
    settings = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if options.offline:
        settings["HF_HUB_OFFLINE"] = "1"
    if device == Device.CPU:
        # Without the first, a model's first answer with logprobs waits half a minute for a compiler.
        settings |= {"TORCHDYNAMO_DISABLE": "1", "VLLM_CPU_KVCACHE_SPACE": str(options.kv_cache_gb or 4)}
    return settings


def _address(options: NodeOptions) -> Iterator[Flag]:
    where = "the gateway must find the node"
    yield Flag(name="--host", value=options.host, why=where, without=where, required=True)
    yield Flag(name="--port", value=str(options.port), why=where, without=where, required=True)
    if options.served_name:
        yield Flag(
            name="--served-model-name",
            value=options.served_name,
            why="the name that requests carry",
            without="requests must carry the model's path",
            required=True,
        )


def _batching(options: NodeOptions, *, on_cpu: bool) -> Iterator[Flag]:
    yield Flag(
        name="--enable-prefix-caching",
        why="every prompt of a channel begins with the same system prompt and history",
        without="prefix caching is whatever that version does by default",
    )
    yield Flag(
        name="--enable-chunked-prefill",
        why="a long window must not stop the answers that stream",
        without="chunked prefill is whatever that version does by default",
    )
    yield Flag(
        name="--max-num-batched-tokens",
        value=str(CPU_BATCHED_TOKENS if on_cpu else BATCHED_TOKENS),
        why="prompts are long and answers short: large steps read them faster",
        without="steps have that version's default size",
    )
    yield Flag(
        name="--max-num-seqs",
        value=str(_sequences(options, on_cpu=on_cpu)),
        why="bounds how many answers share the memory and the bandwidth",
        without="that version's own bound applies",
    )
    yield Flag(
        name="--max-model-len",
        value=str(options.context),
        why="no prompt of ours is longer; what is longer goes through segments",
        without="memory is kept for prompts that never come",
        required=True,
    )


def _contract() -> Iterator[Flag]:
    yield Flag(
        name="--scheduling-policy",
        value="priority",
        why="interactive summaries go before recaps",
        without="a request with a priority is refused, so recaps fail",
        required=True,
    )
    yield Flag(
        name="--structured-outputs-config",
        value=_json({"backend": "xgrammar", "disable_any_whitespace": True}),
        why="answers are JSON whose citations exist; without blanks even a weak model ends its JSON",
        without="vLLM older than 0.11: upgrade, or answers are not held to their schema",
        required=True,
    )
    yield Flag(
        name="--enable-prompt-tokens-details",
        why="usage then says what the prefix cache saved, on every summary",
        without="a summary's usage has no cached tokens; the hit rate is only in /metrics",
    )


def _admission(options: NodeOptions, *, on_cpu: bool) -> Iterator[Flag]:
    yield Flag(
        name="--max-num-queued-reqs",
        value=str(options.queued or QUEUE_FACTOR * _sequences(options, on_cpu=on_cpu)),
        why="refuses at once (503) what would wait too long, so that it goes elsewhere",
        without="the node's own queue has no bound; the gateway's pool bounds what it sends",
    )
    if options.queued_tokens:
        yield Flag(
            name="--max-num-queued-tokens",
            value=str(options.queued_tokens),
            why="refuses when the prompts that wait would break the time to first token",
            without="only the number of requests bounds the queue",
        )
    yield Flag(
        name="--shutdown-timeout",
        value=str(SHUTDOWN_SECONDS),
        why="on SIGTERM the answers that stream are finished first",
        without="streams are cut when the node stops; the pool resumes them elsewhere",
    )


def _asked_for(options: NodeOptions, *, on_cpu: bool) -> Iterator[Flag]:
    if on_cpu:
        yield Flag(name="--enforce-eager", why="no graphs on a CPU", without="the first answers compile")
    if options.tensor_parallel > 1:
        yield _asked("--tensor-parallel-size", str(options.tensor_parallel), "one model over several GPUs")
    if options.kv_dtype is not KvDtype.AUTO:
        yield _asked("--kv-cache-dtype", options.kv_dtype.value, "twice the sequences in the same memory")
    if options.speculative is not Speculative.NONE:
        config = _json(_SPECULATION[options.speculative])
        yield _asked("--speculative-config", config, "tokens guessed ahead, as you asked")
    if options.load_format != "auto":
        yield _asked("--load-format", options.load_format, "weights loaded in another way")


def _privacy() -> Iterator[Flag]:
    yield Flag(
        name="--no-enable-log-requests",
        why="message text never reaches a log",
        without="logging requests is off by default in all versions since 0.10",
    )
    yield Flag(
        name="--disable-access-log-for-endpoints",
        value="/health,/metrics",
        why="probes and scrapes would fill the log",
        without="probes and scrapes fill the log",
    )


def _asked(name: str, value: str, why: str) -> Flag:
    """Return a flag that the operator asked for: it must not be dropped in silence."""
    return Flag(
        name=name, value=value, why=why, without="what you asked for is not in this vLLM", required=True
    )


def _sequences(options: NodeOptions, *, on_cpu: bool) -> int:
    return options.sequences or (CPU_SEQUENCES if on_cpu else SEQUENCES)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
