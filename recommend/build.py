"""From the directory and the summed-up interactions of a workspace to its feature snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.directory import Channel, ChannelKind, Membership, Person
from recommend.embeddings import factorize
from recommend.interactions import Columns, Interactions, bools, floats, ints, micros
from recommend.models import Bools, Floats, Ints, Reals
from recommend.snapshot import Lineage, Snapshot
from recommend.sparse import Rows, pack, row_numbers, transposed

SIMILAR = 50  # most similar channels kept per channel
_MEMBER = 0.2  # what a membership counts for embeddings beside decayed activity: present, perhaps silent
_SHRINK = 2.0  # people who must be shared before a cosine is taken at its word
_BLOCK = 1024  # channels whose similarities are held at once, so that memory stays bounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A workspace as the directory knows it, and the people whose past is not to be used (opted out)."""

    people: Sequence[Person]
    channels: Sequence[Channel]
    memberships: Sequence[Membership]
    opted_out: frozenset[int] = frozenset()

    @property
    def left_out(self) -> Ints:
        """The numbers of bots and of those who opted out."""
        bots = {int(person.number) for person in self.people if person.is_bot}
        return np.array(sorted(bots | self.opted_out), dtype=np.int32)


def build(facts: Facts, interactions: Interactions, lineage: Lineage, *, embed: bool = True) -> Snapshot:
    """Return the snapshot; with no interactions at all it rests on memberships alone. Deterministic."""
    shape = _Shape.of(facts)
    activity, posted = _activity(interactions.activity, shape)
    belongs = _belongs(facts, activity, shape)
    channel_people = transposed(belongs, width=shape.channels)
    embedded = factorize(_weighted(belongs, activity), width=shape.channels) if embed else None
    factors = embedded or factorize(_empty(shape.people), width=shape.channels)
    contacts, contacts_in, contacts_last = _contacts(interactions.contacts, shape)
    return Snapshot(
        lineage=lineage,
        open=_flags(shape.channels, (c.number for c in facts.channels if _is_open(c))),
        members=np.diff(channel_people.starts).astype(np.int32),
        active_7=_dense(interactions.channels, "active_7", shape.channels),
        active_30=_dense(interactions.channels, "active_30", shape.channels),
        active_90=_dense(interactions.channels, "active_90", shape.channels),
        joins_30=_dense(interactions.channels, "joins_30", shape.channels),
        channel_last=_moments(interactions.channels, "item", shape.channels),
        available=_flags(shape.people, (p.number for p in facts.people if _is_available(p, facts))),
        contacted_30=_dense(interactions.contacted, "contacted_30", shape.people),
        person_last=_moments(interactions.seen, "actor", shape.people),
        activity=activity,
        posted=posted,
        channel_people=channel_people,
        similar=_similar(channel_people, width=shape.people),
        contacts=contacts,
        contacts_in=contacts_in,
        contacts_last=contacts_last,
        person_directions=_directions(factors.people),
        channel_factors=factors.channels,
        gram=(factors.channels.T @ factors.channels).astype(np.float32),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    people: int
    channels: int

    @classmethod
    def of(cls, facts: Facts) -> _Shape:
        """Numbers are indices, so everything has one row more than the highest number of the directory."""
        people = [int(person.number) for person in facts.people]
        channels = [int(channel.number) for channel in facts.channels]
        return cls(people=max(people, default=0) + 1, channels=max(channels, default=0) + 1)


def _activity(columns: Columns, shape: _Shape) -> tuple[Rows, Bools]:
    """Return decayed activity; what the directory does not know (any more) is left out."""
    people, channels = ints(columns, "actor"), ints(columns, "item")
    known = _known(people, shape.people) & _known(channels, shape.channels)
    amounts = floats(columns, "amount")
    packed = pack(people[known], channels[known], amounts[known], height=shape.people)
    return packed, bools(columns, "posted")[known]  # the query is ordered as `pack` orders


def _belongs(facts: Facts, activity: Rows, shape: _Shape) -> Rows:
    """Return people x channels: member of it or active in it; direct and group messages are no channels."""
    person = {p.id: int(p.number) for p in facts.people if not p.is_bot and p.number not in facts.opted_out}
    channel = {
        c.id: int(c.number) for c in facts.channels if c.kind in (ChannelKind.PUBLIC, ChannelKind.PRIVATE)
    }
    pairs = [
        (person[m.person], channel[m.channel])
        for m in facts.memberships
        if m.person in person and m.channel in channel
    ]
    joined = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    is_channel = _flags(shape.channels, channel.values())
    active = is_channel[activity.columns]
    rows = np.concatenate([joined[:, 0], row_numbers(activity)[active]])
    columns = np.concatenate([joined[:, 1], activity.columns[active]])
    keys = np.unique(rows * shape.channels + columns)
    ones = np.ones(len(keys), dtype=np.float32)
    return pack(
        (keys // shape.channels).astype(np.int32),
        (keys % shape.channels).astype(np.int32),
        ones,
        height=shape.people,
    )


def _weighted(belongs: Rows, activity: Rows) -> Rows:
    """Return belonging weighted by what somebody did there, for the embeddings."""
    width = int(max(belongs.columns.max(initial=0), activity.columns.max(initial=0))) + 1
    keys = row_numbers(belongs).astype(np.int64) * width + belongs.columns
    active = row_numbers(activity).astype(np.int64) * width + activity.columns
    _, here, there = np.intersect1d(keys, active, assume_unique=True, return_indices=True)
    values = np.full(len(keys), _MEMBER, dtype=np.float32)
    values[here] += activity.values[there]
    return Rows(starts=belongs.starts, columns=belongs.columns, values=values)


def _similar(channel_people: Rows, *, width: int) -> Rows:
    """Return for each channel the most similar others: cosine of their people, shrunk where few are shared."""
    from scipy.sparse import csr_matrix  # slow to import, and only the pipeline needs it

    height = channel_people.height
    matrix = csr_matrix(
        (channel_people.values, channel_people.columns, channel_people.starts), shape=(height, width)
    )
    sizes = np.sqrt(np.maximum(np.diff(channel_people.starts), 1)).astype(np.float32)
    rows: list[Ints] = []
    columns: list[Ints] = []
    values: list[Reals] = []
    for first in range(0, height, _BLOCK):
        shared = np.asarray((matrix[first : first + _BLOCK] @ matrix.T).todense(), dtype=np.float32)
        cosine = shared / np.outer(sizes[first : first + _BLOCK], sizes) * (shared / (shared + _SHRINK))
        cosine[np.arange(len(cosine)), np.arange(first, first + len(cosine))] = 0.0
        best = np.argsort(-cosine, axis=1, kind="stable")[:, :SIMILAR]
        kept = np.take_along_axis(cosine, best, axis=1)
        row, place = np.nonzero(kept > 0)
        rows.append((row + first).astype(np.int32))
        columns.append(best[row, place].astype(np.int32))
        values.append(kept[row, place])
    return pack(
        np.concatenate(rows),
        np.concatenate(columns),
        np.concatenate(values).astype(np.float32),
        height=height,
    )


def _contacts(columns: Columns, shape: _Shape) -> tuple[Rows, Floats, NDArray[np.int64]]:
    """Return who contacted whom, in both directions at every pair that had contact either way."""
    actor, item = ints(columns, "actor"), ints(columns, "item")
    known = _known(actor, shape.people) & _known(item, shape.people)
    actor, item = actor[known].astype(np.int64), item[known].astype(np.int64)
    amount, last = floats(columns, "amount")[known], micros(columns, "last")[known]
    there, back = actor * shape.people + item, item * shape.people + actor
    keys = np.unique(np.concatenate([there, back]))
    out, received = np.zeros(len(keys), dtype=np.float32), np.zeros(len(keys), dtype=np.float32)
    moments = np.zeros(len(keys), dtype=np.int64)
    out[np.searchsorted(keys, there)] = amount
    received[np.searchsorted(keys, back)] = amount
    np.maximum.at(moments, np.searchsorted(keys, there), last)
    np.maximum.at(moments, np.searchsorted(keys, back), last)
    rows, others = (keys // shape.people).astype(np.int32), (keys % shape.people).astype(np.int32)
    return pack(rows, others, out, height=shape.people), received, moments


def _directions(factors: Floats) -> Floats:
    return factors / np.maximum(np.linalg.norm(factors, axis=1, keepdims=True), 1e-6).astype(np.float32)


def _is_open(channel: Channel) -> bool:
    return channel.kind is ChannelKind.PUBLIC and not channel.archived


def _is_available(person: Person, facts: Facts) -> bool:
    return not person.is_bot and not person.deactivated and person.number not in facts.opted_out


def _known(numbers: Ints, size: int) -> Bools:
    return (numbers > 0) & (numbers < size)


def _flags(size: int, numbers: Iterable[int]) -> Bools:
    flags = np.zeros(size, dtype=np.bool_)
    flags[np.array(list(numbers), dtype=np.int64)] = True
    return flags


def _dense(columns: Columns, name: str, size: int) -> Ints:
    items = ints(columns, "item")
    known = _known(items, size)
    values = np.zeros(size, dtype=np.int32)
    values[items[known]] = ints(columns, name)[known]
    return values


def _moments(columns: Columns, key: str, size: int) -> NDArray[np.int64]:
    items = ints(columns, key)
    known = _known(items, size)
    values = np.zeros(size, dtype=np.int64)
    values[items[known]] = micros(columns, "last")[known]
    return values


def _empty(height: int) -> Rows:
    nothing = np.zeros(0, dtype=np.int32)
    return pack(nothing, nothing, nothing.astype(np.float32), height=height)
