"""Cases and tasks for tests of prompt_eval."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from core.ids import VersionId
from prompt_eval.models import Case, Outcome, OutcomeItem
from prompt_eval.records import case_of

WORDS = ("release", "outage", "database", "invoice", "meeting", "deploy", "budget", "design")
ANY_VERSION = VersionId("f" * 16)


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a row of a dataset: three messages, and a reference that says what the second one says."""
    topic = WORDS[number % len(WORDS)]
    messages = [
        {
            "id": f"m{number}-1",
            "author": "ana",
            "ts": "2026-03-02T09:00:00Z",
            "text": "Good morning everybody",
        },
        {
            "id": f"m{number}-2",
            "author": "bob",
            "ts": "2026-03-02T09:01:00Z",
            "text": f"We decided to move the {topic} number {number} to Thursday",
        },
        {"id": f"m{number}-3", "author": "cy", "ts": "2026-03-02T09:02:00Z", "text": "Fine with me"},
    ]
    base = {
        "id": f"case-{number}",
        "messages": messages,
        "references": [f"bob: We decided to move the {topic} number {number} to Thursday"],
        "slices": {"size": "small"},
    }
    return {**base, **changes}


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows) + b"\n")
    return path


def case(number: int = 1) -> Case:
    """Return the case of a row."""
    return case_of(row(number))


@dataclass(slots=True, kw_only=True)
class FunctionTask:
    """A task made of a function; remembers how many ran at once."""

    answer: Callable[[Case], Outcome]
    name: str = "function"
    version: VersionId = ANY_VERSION
    model: str = "scripted"
    seconds: float = 0.0
    running: int = 0
    most: int = 0
    seen: list[str] = field(default_factory=list[str])

    async def run(self, case: Case) -> Outcome:
        """Return the function's answer, after a while."""
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.seconds)
            self.seen.append(case.id)
            return self.answer(case)
        finally:
            self.running -= 1


def quoting(*positions: int) -> Callable[[Case], Outcome]:
    """Return a function that repeats some messages of a case, each citing itself."""

    def answer(case: Case) -> Outcome:
        chosen = [case.messages[position] for position in positions]
        return Outcome(items=tuple(OutcomeItem(text=m.line, citations=(m.id,)) for m in chosen))

    return answer
