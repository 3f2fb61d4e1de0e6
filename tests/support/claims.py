"""Claims over the sample workspace whose truth is known, each with the material it is held against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import yaml

from benchmarks.planted import Sample
from core.ids import MessageId
from summarize.ground import Grounding
from summarize.material import Material, Reading, prepare
from summarize.models import Item, ItemKind, Window
from summarize.names import Names

PATH = Path(__file__).parent.parent / "summarize" / "claims.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An item, whether it is true, and what is wrong with it if not; `odd` ones served to mend the checks."""

    item: Item
    channel: str
    true: bool
    sort: str
    odd: bool


class Desk:
    """Materials and groundings by channel: each holds the whole channel, six weeks of it."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._facts = {fact.id: fact for fact in sample.facts}
        self._materials: dict[str, Material] = {}
        self._groundings: dict[str, Grounding] = {}

    def material(self, channel: str) -> Material:
        """Return everything said in a channel."""
        if channel not in self._materials:
            found = self._sample.channels[channel]
            window = Window(since=found[0].at, until=found[-1].at + timedelta(minutes=1))
            names = Names(self._sample.people, [])
            self._materials[channel] = prepare(Reading(window=window, found=found), names)
        return self._materials[channel]

    def grounding(self, channel: str) -> Grounding:
        """Return the checks over a channel."""
        if channel not in self._groundings:
            self._groundings[channel] = Grounding(self.material(channel))
        return self._groundings[channel]

    def claims(self) -> list[Claim]:
        """Return every claim of the file."""
        raw: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
        return [self._claim(*row, number) for number, row in enumerate(_rows(raw), 1)]

    def _claim(self, true: bool, sort: str, row: list[Any], number: int) -> Claim:
        conversation, ordinals, text = row[0], cast("list[int]", row[1]), row[2]
        fact = self._facts[conversation]
        at = {message.at: message.id for message in self._sample.channels[fact.channel]}
        cited = tuple(at[_moment(fact.stamps[ordinal - 1])] for ordinal in ordinals)
        item = Item(kind=ItemKind.UPDATE, text=text, citations=cited)
        return Claim(item=item, channel=fact.channel, true=true, sort=sort, odd=number % 2 == 1)


def message_id(sample: Sample, conversation: str, ordinal: int) -> MessageId:
    """Return the id of one message of a planted conversation."""
    fact = next(one for one in sample.facts if one.id == conversation)
    moment = _moment(fact.stamps[ordinal - 1])
    return next(message.id for message in sample.channels[fact.channel] if message.at == moment)


def _rows(raw: dict[str, Any]) -> Iterator[tuple[bool, str, list[Any]]]:
    for sort in ("true", "mended"):
        for row in raw[sort]:
            yield True, sort, row
    for sort, rows in raw["false"].items():
        for row in rows:
            yield False, sort, row


def _moment(stamp: str) -> datetime:
    seconds, _, micros = stamp.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(micros))
