"""What happened after the snapshot was built: counters in memory that follow the event log."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clock import to_micros
from core.events.models import Corpus, EventKind, EventLog, Offset, Record
from core.ids import WorkspaceId
from recommend.interactions import WEIGHTS
from recommend.models import Floats, Ints

_PAGE = 2_000  # records folded in per request at most: catching up never holds an answer for long
_REACH = 50_000  # records behind the end that are followed at most: the next snapshot brings the rest
_PER_PERSON = 500  # deeds kept per person and kind: the newest
_POSTED = {"post", "reply", "join"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """One person's actions since the snapshot: amounts by channel, contacts made and received by person."""

    channels: Ints
    amounts: Floats
    posted: frozenset[int]
    contacts: Ints
    made: Floats
    received: Floats
    moments: NDArray[np.int64]


@dataclass(slots=True)
class _Deed:
    offset: int
    other: int
    weight: float
    at: int
    posted: bool


@dataclass(slots=True)
class _Deeds:
    """What one workspace's people did, by who did it (channels, contacts) and to whom (received)."""

    channels: dict[int, list[_Deed]] = field(default_factory=lambda: defaultdict(list))
    made: dict[int, list[_Deed]] = field(default_factory=lambda: defaultdict(list))
    received: dict[int, list[_Deed]] = field(default_factory=lambda: defaultdict(list))


class LiveTail:
    """Follows the log from where the oldest snapshot in use ends; a restart begins there again."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._began: Offset | None = None
        self._after = Offset(0)
        self._by_workspace: dict[WorkspaceId, _Deeds] = defaultdict(_Deeds)
        self._upto: dict[WorkspaceId, Offset] = defaultdict(lambda: Offset(0))
        self._turn = asyncio.Lock()

    async def catch_up(self, snapshot: Offset | None) -> None:
        """Fold in what is new since a snapshot (None: since now), a page at a time; raises EventLogUnavailable."""
        async with self._turn:
            if self._began is None or (snapshot is not None and snapshot < self._began):
                self._begin(snapshot, await self._events.end())
            records = await self._events.read(after=self._after, limit=_PAGE)
            for record in records:
                self._fold(record)
            if records:
                self._after = records[-1].offset
            if len(records) == _PAGE:
                self._after = Offset(max(self._after, await self._events.end() - _REACH))

    def _begin(self, snapshot: Offset | None, end: Offset) -> None:
        """Begin, or begin again for a snapshot older than those before it, within reach of the end."""
        start = Offset(max(end if snapshot is None else snapshot, end - _REACH, 0))
        if self._began is None or start < self._began:
            self._began = self._after = start
            self._by_workspace.clear()

    def recent(self, workspace: WorkspaceId, person: int, *, after: Offset) -> Recent:
        """Return what a person did, and what was done to them, after an offset."""
        if after > self._upto[workspace]:
            self._forget(workspace, after)
        deeds = self._by_workspace.get(workspace) or _Deeds()
        channels, amounts, _ = _summed(deeds.channels.get(person, []), after)
        made = _summed(deeds.made.get(person, []), after)
        received = _summed(deeds.received.get(person, []), after)
        contacts = np.union1d(made[0], received[0]).astype(np.int32)
        return Recent(
            channels=channels,
            amounts=amounts,
            posted=frozenset(deed.other for deed in deeds.channels.get(person, []) if deed.posted),
            contacts=contacts,
            made=_aligned(contacts, made[0], made[1]).astype(np.float32),
            received=_aligned(contacts, received[0], received[1]).astype(np.float32),
            moments=np.maximum(
                _aligned(contacts, made[0], made[2]), _aligned(contacts, received[0], received[2])
            ).astype(np.int64),
        )

    def _forget(self, workspace: WorkspaceId, upto: Offset) -> None:
        """Drop what a newer snapshot holds."""
        self._upto[workspace] = upto
        deeds, kept = self._by_workspace.pop(workspace, _Deeds()), _Deeds()
        for name in ("channels", "made", "received"):
            for person, entries in getattr(deeds, name).items():
                if later := [deed for deed in entries if deed.offset > upto]:
                    getattr(kept, name)[person] = later
        self._by_workspace[workspace] = kept

    def _fold(self, record: Record) -> None:
        event = record.event
        kind = event.data.get("type")
        weight = WEIGHTS.get(kind) if isinstance(kind, str) else None
        if (
            event.kind is not EventKind.INTERACTION
            or event.actor is None
            or event.item is None
            or weight is None
        ):
            return
        deeds = self._by_workspace[event.workspace]
        deed = _Deed(record.offset, event.item, weight, to_micros(event.at), kind in _POSTED)
        if event.corpus is Corpus.CHANNEL:
            _keep(deeds.channels[event.actor], deed)
        elif event.actor != event.item:
            _keep(deeds.made[event.actor], deed)
            _keep(
                deeds.received[event.item], _Deed(record.offset, event.actor, weight, deed.at, posted=False)
            )


def _keep(deeds: list[_Deed], deed: _Deed) -> None:
    deeds.append(deed)
    del deeds[:-_PER_PERSON]


def _summed(deeds: list[_Deed], after: Offset) -> tuple[Ints, Floats, NDArray[np.int64]]:
    totals: dict[int, tuple[float, int]] = {}
    for deed in deeds:
        if deed.offset > after:
            amount, last = totals.get(deed.other, (0.0, 0))
            totals[deed.other] = (amount + deed.weight, max(last, deed.at))
    numbers = sorted(totals)
    return (
        np.array(numbers, dtype=np.int32),
        np.array([totals[number][0] for number in numbers], dtype=np.float32),
        np.array([totals[number][1] for number in numbers], dtype=np.int64),
    )


def _aligned(keys: Ints, have: Ints, values: NDArray[Any]) -> NDArray[Any]:
    aligned = np.zeros(len(keys), dtype=values.dtype)
    aligned[np.searchsorted(keys, have)] = values
    return aligned
