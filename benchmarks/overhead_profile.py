"""Where a request's CPU goes, by cProfile in every thread: by stage of the summary path, and the hottest functions."""

from __future__ import annotations

import cProfile
import pstats
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from rich.console import Console
from rich.table import Table

HOTTEST = 18
STAGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "auth: key, limit": (("gateway/keys.py", "verify"), ("gateway/limits.py", "take")),
    "permission": (("summarize/access.py", "view"),),
    "window: read, what led to it": (
        ("summarize/reading.py", "read"),
        ("summarize/lead_in.py", "with_lead_in"),
    ),
    "people and names": (("summarize/service.py", "_people"), ("summarize/service.py", "_called")),
    "guard: clean, read into entries": (("summarize/material.py", "prepare"),),
    "what was asked: brief, key of the flight": (
        ("summarize/service.py", "_key"),
        ("summarize/service.py", "_brief"),
    ),
    "draft: conversations told apart": (
        ("summarize/conversations/__init__.py", "separate"),
        ("summarize/conversations/separate.py", "separate"),
        ("gateway/engines.py", "separate"),
    ),
    "draft: which prompt": (("summarize/llm/serving.py", "chosen"),),
    "draft: token counts": (
        ("summarize/llm/budget.py", "for_messages"),
        ("summarize/llm/budget.py", "check"),
        ("summarize/llm/budget.py", "weight"),
    ),
    "draft: the request in words": (("summarize/llm/drafter.py", "_request"),),
    "draft: the model, from send to items": (("summarize/llm/asking.py", "raw_items"),),
    "draft: extraction": (("summarize/extract_drafter.py", "draft"),),
    "ground": (
        ("summarize/ladder.py", "pass_on"),
        ("summarize/ground/__init__.py", "__init__"),
        ("summarize/ground/grounding.py", "__init__"),
    ),
    "save": (("summarize/store.py", "save"),),
    "event": (("core/events/sqlite.py", "append"),),
    "answer: sources, body": (("gateway/web/summaries.py", "_shown"),),
}
"""Functions by file and name; the time of all they call counts, in the thread they run in."""
THREADS = {
    "SQLite, in its threads": (
        ("aiosqlite/core.py", "_connection_worker_thread"),
        ("aiosqlite/core.py", "run"),
    ),
}

_Row = tuple[int, int, float, float, dict[Any, Any]]


@dataclass(slots=True, kw_only=True)
class Profile:
    """Seconds by (file, line, function): of the function alone and with all it calls."""

    rows: dict[tuple[str, int, str], _Row] = field(default_factory=dict[tuple[str, int, str], _Row])
    requests: int = 1

    def within(self, file: str, function: str) -> float:
        """Return the seconds of a function with all it calls."""
        found = [
            row[3] for (path, _, name), row in self.rows.items() if path.endswith(file) and name == function
        ]
        return sum(found)


class Profiler:
    """One cProfile in each thread."""

    def __init__(self) -> None:
        self._each: list[cProfile.Profile] = []
        self._on = threading.Event()

    def start(self) -> None:
        """Begin anew in this thread, and in every thread that was made since `profiling` began."""
        for one in self._each:
            one.clear()
        self._begin()

    def in_thread(self, *_: object) -> None:
        """Begin in a new thread; for threading.setprofile."""
        self._begin()

    def read(self) -> Profile:
        """Return what was found."""
        whole: pstats.Stats | None = None
        for one in self._each:
            one.create_stats()
            if not cast("Any", one).stats:
                continue
            whole = pstats.Stats(one) if whole is None else whole.add(one)
        return Profile(rows=cast("Any", whole).stats if whole else {})

    def _begin(self) -> None:
        one = cProfile.Profile(timer=time.thread_time)  # CPU, and not what a thread waits for others
        self._each.append(one)
        one.enable()


@contextmanager
def profiling() -> Iterator[Profiler]:
    """Profile threads that are made within the block; the calling one from `start` on."""
    profiler = Profiler()
    threading.setprofile(profiler.in_thread)
    try:
        yield profiler
    finally:
        threading.setprofile(None)


def show_profile(profile: Profile) -> None:
    """Print the stages and the hottest functions, in ms a request and as shares."""
    console = Console(width=120)
    whole = sum(row[2] for (_, _, name), row in profile.rows.items() if not _waits(name))
    table = Table(
        "stage",
        "ms",
        "share",
        title="CPU under cProfile (several times what it is without), one request at a time",
    )
    known = 0.0
    for stage, functions in (STAGES | THREADS).items():
        seconds = sum(profile.within(file, name) for file, name in functions)
        known += seconds
        table.add_row(stage, f"{seconds / profile.requests * 1e3:.2f}", f"{seconds / whole:.0%}")
    rest = whole - known
    table.add_row("rest: HTTP, loop, threads", f"{rest / profile.requests * 1e3:.2f}", f"{rest / whole:.0%}")
    console.print(table)
    hot = Table("hottest, alone", "calls a request", "ms", "share")
    rows = sorted(profile.rows.items(), key=lambda item: -item[1][2])
    for (path, line, name), row in [one for one in rows if not _waits(one[0][2])][:HOTTEST]:
        where = name if path == "~" else f"{'/'.join(path.split('/')[-2:])}:{line} {name}"
        seconds = row[2] / profile.requests
        hot.add_row(
            where, f"{row[1] / profile.requests:.1f}", f"{seconds * 1e3:.3f}", f"{row[2] / whole:.1%}"
        )
    console.print(hot)


def _waits(name: str) -> bool:
    """Tell whether a function of the library does nothing but wait."""
    return any(
        word in name
        for word in ("select.epoll", "acquire", "run_forever", "_queue.SimpleQueue", "time.sleep")
    )
