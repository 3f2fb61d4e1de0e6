"""What an engine is asked, and what it answers: the port that the language model and the extractive engine share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.chat import INTERACTIVE, Usage
from core.directory import Channel, Person
from core.ids import UserId, WorkspaceId
from summarize.material import Material
from summarize.models import Detail, Item

NO_PROMPT = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One drafting job: the material that this reader may see, and how they want it told.

    `people` are those who speak or are spoken of, by id. `question` empty: all that matters. `language` is a BCP 47
    tag, empty: the channel's. `deadline_s` bounds the whole draft.
    """

    workspace: WorkspaceId
    channel: Channel
    material: Material
    people: Mapping[UserId, Person] = field(default_factory=dict[UserId, Person])
    detail: Detail = Detail.STANDARD
    question: str = ""
    language: str = ""
    priority: int = INTERACTIVE
    deadline_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an engine made of a window: items in order of importance, and how it came by them.

    Of `conversations` found, `shown` have an item; of `segments` read, `reused` came from the cache; of `clipped`
    messages only the beginning fitted.
    """

    items: tuple[Item, ...] = ()
    conversations: int = 0
    shown: int = 0
    segments: int = 0
    reused: int = 0
    clipped: int = 0
    prompt: str = NO_PROMPT
    arm: str = NO_PROMPT
    usage: Usage = field(default_factory=lambda: Usage(prompt_tokens=0, completion_tokens=0))


class Drafter(Protocol):
    """An engine that words a summary. Closing the stream early frees its model at once."""

    @property
    def name(self) -> str:
        """The engine, with its version."""
        ...

    @property
    def model(self) -> str:
        """The model it runs on."""
        ...

    def draft(self, brief: Brief) -> AsyncGenerator[Item | Draft, None]:
        """Yield each item once it is complete, then the whole draft, whose `items` are those yielded.

        Raises ModelUnavailable and its kinds, GenerationFailed.
        """
        ...
