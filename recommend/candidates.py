"""Candidate sources: functions that bring the numbers of channels or people, best first, and say why.

    @source(Corpus.CHANNEL, "popular")
    def popular_channels(query: Query, limit: int) -> Ints: ...

A source may return anything: what may be shown is decided by `recommend/safety.py` afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.events.models import Corpus
from recommend.models import Floats, Ints, Reals
from recommend.query import Query, top
from recommend.registry import Registry

Source = Callable[[Query, int], Ints]
SOURCES: Registry[Source] = Registry("source")
source = SOURCES.add


@source(Corpus.CHANNEL, "als")
def channels_by_embedding(query: Query, limit: int) -> Ints:
    """Channels that fit the asker's activity embedding."""
    return top(_open(query, query.channel_affinity), limit)


@source(Corpus.CHANNEL, "comembership")
def channels_of_similar_people(query: Query, limit: int) -> Ints:
    """Channels whose people are those of the asker's channels."""
    return top(_open(query, query.channel_kinship), limit)


@source(Corpus.CHANNEL, "colleagues")
def channels_of_colleagues(query: Query, limit: int) -> Ints:
    """Channels in which the people the asker is in contact with are active."""
    return top(_open(query, query.colleague_weight), limit)


@source(Corpus.CHANNEL, "popular")
def popular_channels(query: Query, limit: int) -> Ints:
    """Channels with many distinct active people lately; by size where nothing has happened yet."""
    known = query.snapshot
    recent = known.active_30 * (0.5 + query.fading(known.channel_last))
    return top(_open(query, recent + 1e-3 * known.members), limit)


@source(Corpus.CHANNEL, "joined")
def own_channels(query: Query, limit: int) -> Ints:
    """The asker's own channels, where the most is going on first; for digests."""
    dense = np.zeros(query.snapshot.channels, dtype=np.float32)
    mine = query.joined[query.joined < len(dense)]
    dense[mine] = 1e-3 + query.snapshot.active_7[mine] + query.amounts[mine]
    return top(dense, limit)


@source(Corpus.USER, "people_graph")
def people_in_contact(query: Query, limit: int) -> Ints:
    """People the asker is in contact with: recent, and both ways, counts more."""
    both = np.minimum(query.made, query.received)
    close = (query.made + 0.5 * query.received + both) * (0.2 + query.fading(query.contact_last))
    return top(_available(query, close), limit)


@source(Corpus.USER, "comembership")
def people_in_shared_channels(query: Query, limit: int) -> Ints:
    """People who share channels with the asker, small channels counting more."""
    return top(_available(query, query.shared), limit)


@source(Corpus.USER, "als")
def people_by_embedding(query: Query, limit: int) -> Ints:
    """People whose activity embedding points where the asker's does."""
    return top(_available(query, query.person_affinity), limit)


@source(Corpus.USER, "popular")
def popular_people(query: Query, limit: int) -> Ints:
    """People whom many distinct others contacted lately; anybody who is around where nothing has happened yet."""
    known = query.snapshot
    recent = known.contacted_30 * (0.5 + query.fading(known.person_last)) + 0.1 * query.fading(
        known.person_last
    )
    return top(_available(query, recent + 1e-6), limit)


def _open(query: Query, values: Reals) -> Floats:
    """Spend no place on what can never be shown."""
    allowed = query.snapshot.open.copy()
    allowed[query.seeds] = False
    return np.where(allowed, values, 0.0).astype(np.float32)


def _available(query: Query, values: Reals) -> Floats:
    others = np.arange(query.snapshot.people) != query.person
    return np.where(query.snapshot.available & others, values, 0.0).astype(np.float32)
