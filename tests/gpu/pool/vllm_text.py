"""A page of /metrics as vLLM writes it."""

from __future__ import annotations

from gpu.node.metric_names import REQUIRED


def vllm_text(*, running: int = 0, waiting: int = 0, iterations: int = 0) -> str:
    """Return every metric that is read; what is not named is 0."""
    values = {
        "vllm:num_requests_running": running,
        "vllm:num_requests_waiting": waiting,
        "vllm:iteration_tokens_total_count": iterations,
    }
    return "".join(f'{name}{{engine="0",model_name="tiny"}} {values.get(name, 0)}\n' for name in REQUIRED)
