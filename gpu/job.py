"""A model to run on this machine, and a generation to do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from core.chat import ChatDelta, ChatRequest
from core.errors import CatchupError


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
    """What is asked, where its pieces or its error go, whether nobody wants it any more, and what to do at its end."""

    request: ChatRequest
    emit: Callable[[ChatDelta | CatchupError], None]
    cancelled: Callable[[], bool]
    done: Callable[[], None]


class JobQueue:
    """Jobs that wait: lowest priority number first, then in the order they came. Not safe without a lock."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Job]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, job: Job) -> None:
        """Add a job."""
        heappush(self._heap, (job.request.priority, next(self._order), job))

    def take(self, most: int) -> list[Job]:
        """Return up to so many jobs, most urgent first, and forget them."""
        return [heappop(self._heap)[2] for _ in range(min(most, len(self._heap)))]
