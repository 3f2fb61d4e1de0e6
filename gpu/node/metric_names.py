"""Every metric of vLLM that we read, as its /metrics spells it; tests/gpu/node scrapes a real one for each.

Source: vllm/v1/metrics/loggers.py of vLLM 0.32. The older `gpu_cache_usage_perc` and `gpu_prefix_cache_*` are gone.
"""

from __future__ import annotations

from typing import Final

RUNNING: Final = "vllm:num_requests_running"
WAITING: Final = "vllm:num_requests_waiting"
KV_CACHE_USAGE: Final = "vllm:kv_cache_usage_perc"
PREFIX_QUERIES: Final = "vllm:prefix_cache_queries_total"
PREFIX_HITS: Final = "vllm:prefix_cache_hits_total"
PREEMPTIONS: Final = "vllm:num_preemptions_total"
PROMPT_TOKENS: Final = "vllm:prompt_tokens_total"
GENERATION_TOKENS: Final = "vllm:generation_tokens_total"
QUEUE_SECONDS: Final = "vllm:request_queue_time_seconds_sum"
QUEUE_COUNT: Final = "vllm:request_queue_time_seconds_count"
TTFT_SECONDS: Final = "vllm:time_to_first_token_seconds_sum"
TTFT_COUNT: Final = "vllm:time_to_first_token_seconds_count"
ITERATIONS: Final = "vllm:iteration_tokens_total_count"

ADMISSION_REJECTIONS: Final = "vllm:admission_rejections_total"
DRAFTED: Final = "vllm:spec_decode_num_draft_tokens_total"
ACCEPTED: Final = "vllm:spec_decode_num_accepted_tokens_total"

REQUIRED: Final = (
    RUNNING,
    WAITING,
    KV_CACHE_USAGE,
    PREFIX_QUERIES,
    PREFIX_HITS,
    PREEMPTIONS,
    PROMPT_TOKENS,
    GENERATION_TOKENS,
    QUEUE_SECONDS,
    QUEUE_COUNT,
    TTFT_SECONDS,
    TTFT_COUNT,
    ITERATIONS,
)
"""Without these a node cannot be watched."""

OPTIONAL: Final = (ADMISSION_REJECTIONS, DRAFTED, ACCEPTED)
"""There since vLLM 0.31 or so (rejections), or only on a node that speculates."""
