"""Every module here that has a `scorer` is one: adding a scorer is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

from core.releases import Digest, digest
from prompt_eval.models import Scorer


def all_scorers() -> tuple[Scorer, ...]:
    """Return every scorer, by name."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    ]
    found = [module.scorer for module in modules if isinstance(getattr(module, "scorer", None), Scorer)]
    return tuple(sorted(found, key=lambda scorer: scorer.name))


def scorers_digest(scorers: Sequence[Scorer]) -> Digest:
    """Return the hash that pins which scorers, in which versions, made a judgement."""
    return digest({scorer.name: scorer.version for scorer in scorers})
