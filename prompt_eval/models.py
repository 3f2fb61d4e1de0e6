"""The nouns of evaluation: cases, what a task makes of them, and how that is scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.ids import VersionId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMessage:
    """A message of a case; `thread` is the id of its thread's first message."""

    id: str
    author: str
    at: datetime
    text: str
    thread: str | None = None

    @property
    def line(self) -> str:
        """The message as a line of a transcript."""
        return f"{self.author}: {self.text}" if self.author else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A conversation, what people wrote as its summary (any number of references), and the slices it is in."""

    id: str
    messages: tuple[CaseMessage, ...]
    references: tuple[str, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeItem:
    """One claim of a summary and the ids of the messages it cites."""

    text: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a task made of a case; `text` has one line per item."""

    items: tuple[OutcomeItem, ...]

    @property
    def text(self) -> str:
        """The summary as plain text."""
        return "\n".join(item.text for item in self.items)


class Task(Protocol):
    """Something under test. Baselines are tasks too."""

    @property
    def name(self) -> str:
        """What people call it: `summarize`, `lead-3`."""
        ...

    @property
    def version(self) -> VersionId:
        """The exact thing under test: a prompt's version, or a hash of the code's name and version."""
        ...

    @property
    def model(self) -> str:
        """The model that ran, empty for none."""
        ...

    async def run(self, case: Case) -> Outcome:
        """Return what it makes of a case; raises CatchupError, which counts as a failed case."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """A function from a case and its outcome to named scores, the higher the better, from 0 to 1.

    A metric that does not apply to a case is left out. `version` changes whenever a score could.
    """

    name: str
    version: str
    score: Callable[[Case, Outcome], Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one case: scores, or the kind of error; and the seconds it took."""

    case: str
    seconds: float
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    error: str = ""
    text: str = ""
