"""A model to run on this machine, and a generation to do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.chat import ChatDelta, ChatRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """Where a model is found and how it is run; `dtype` "auto" is that of the weights."""

    path_or_hub_id: str
    device: str = "cpu"
    dtype: str = "auto"
    threads: int | None = None
    local_files_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked, where its pieces go, and whether nobody wants it any more."""

    request: ChatRequest
    emit: Callable[[ChatDelta], None]
    cancelled: Callable[[], bool]
