"""Message text cannot reach recommendation, and importing it is light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import recommend
from core.errors import InvalidInput
from core.events.models import Event, EventKind
from core.ids import EventId, WorkspaceId
from tests.conftest import START

_LOADED = """
import importlib, pkgutil, sys, recommend
for module in pkgutil.walk_packages(recommend.__path__, "recommend."):
    importlib.import_module(module.name)
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def loaded(code: str) -> set[str]:
    root = Path(recommend.__file__).parent.parent
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    return set(found.stdout.split())


@pytest.mark.slow
def test_no_module_of_recommend_brings_in_where_text_lies():
    assert loaded(_LOADED) & {"summarize", "prompts", "prompt_eval", "gpu", "gateway"} == set()


@pytest.mark.slow
def test_serving_does_not_load_what_only_the_pipeline_needs():
    code = "import sys, recommend.service, recommend.feedback; print(*{name.split('.')[0] for name in sys.modules})"

    assert loaded(code) & {"duckdb", "scipy", "implicit", "pyarrow", "pandas", "sklearn", "torch"} == set()


@pytest.mark.parametrize(
    "text", ["we ship on Friday", "salary: 100k, fire Bob", "line\nbreak", "é" * 3, "x" * 129]
)
def test_an_interaction_cannot_carry_a_sentence(text: str):
    with pytest.raises(InvalidInput):
        Event(
            id=EventId("e"),
            workspace=WorkspaceId("w"),
            kind=EventKind.INTERACTION,
            at=START,
            data={"type": "post", "note": text},
        )
