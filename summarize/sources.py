"""What is shown beside a claim: who wrote the cited messages and when, and what stood around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.directory import Channel
from core.ids import ChannelId, MessageId, UserId
from summarize.models import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A cited message, without its text."""

    id: MessageId
    author: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The cited messages and named people of a summary; `zone` is the reader's."""

    channel: ChannelId
    zone: str
    messages: Mapping[MessageId, Source]
    people: Mapping[UserId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message with its author's name, its text made plain."""

    message: Message
    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A message (`focus`) among its neighbours, oldest first."""

    channel: Channel
    focus: MessageId
    lines: tuple[Line, ...]
