"""Features: functions from a query and candidates to one number each, computed in one batch and logged as served.

@feature(Corpus.CHANNEL, "members")
def members(query: Query, items: Ints) -> Reals: ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.events.models import Corpus
from recommend.models import Floats, Ints, Reals
from recommend.query import Query
from recommend.registry import Registry

Feature = Callable[[Query, Ints], Reals]
FEATURES: Registry[Feature] = Registry("feature")
feature = FEATURES.add


def compute(query: Query, corpus: Corpus, names: Sequence[str], items: Ints) -> Floats:
    """Return finite float32 features, shape (items, names). Items the snapshot does not know yet get zeros."""
    size = query.snapshot.channels if corpus is Corpus.CHANNEL else query.snapshot.people
    known = items < size
    matrix = np.zeros((len(items), len(names)), dtype=np.float32)
    for column, name in enumerate(names):
        matrix[known, column] = FEATURES.get(corpus, name)(query, items[known])
    return np.nan_to_num(matrix, nan=0.0, posinf=0.0, neginf=0.0)


@feature(Corpus.CHANNEL, "als")
def embedding_fit(query: Query, items: Ints) -> Reals:
    """How well the channel fits the asker's activity embedding."""
    return query.channel_affinity[items]


@feature(Corpus.CHANNEL, "comembership")
def kinship(query: Query, items: Ints) -> Reals:
    """How similar the channel's people are to those of the asker's channels."""
    return query.channel_kinship[items]


@feature(Corpus.CHANNEL, "colleagues")
def colleague_share(query: Query, items: Ints) -> Reals:
    """The share of the asker's contact that goes to people active in the channel."""
    return query.colleague_weight[items]


@feature(Corpus.CHANNEL, "colleague_focus")
def colleague_focus(query: Query, items: Ints) -> Reals:
    """The same share per root of the channel's size: high where few others than colleagues are."""
    return query.colleague_weight[items] / np.sqrt(1.0 + query.snapshot.members[items])


@feature(Corpus.CHANNEL, "colleague_count")
def colleague_count(query: Query, items: Ints) -> Reals:
    """ln(1 + people the asker is in contact with who are active in the channel)."""
    return np.log1p(query.colleague_count[items])


@feature(Corpus.CHANNEL, "active_7")
def active_7(query: Query, items: Ints) -> Reals:
    """ln(1 + distinct people active in the last 7 days)."""
    return np.log1p(query.snapshot.active_7[items])


@feature(Corpus.CHANNEL, "active_30")
def active_30(query: Query, items: Ints) -> Reals:
    """ln(1 + distinct people active in the last 30 days)."""
    return np.log1p(query.snapshot.active_30[items])


@feature(Corpus.CHANNEL, "active_90")
def active_90(query: Query, items: Ints) -> Reals:
    """ln(1 + distinct people active in the last 90 days)."""
    return np.log1p(query.snapshot.active_90[items])


@feature(Corpus.CHANNEL, "joins_30")
def joins_30(query: Query, items: Ints) -> Reals:
    """ln(1 + distinct people who joined in the last 30 days)."""
    return np.log1p(query.snapshot.joins_30[items])


@feature(Corpus.CHANNEL, "members")
def members(query: Query, items: Ints) -> Reals:
    """ln(1 + people who are a member or have been active)."""
    return np.log1p(query.snapshot.members[items])


@feature(Corpus.CHANNEL, "recency")
def channel_recency(query: Query, items: Ints) -> Reals:
    """1 if something happened just now, 1/2 two weeks ago, 0 never."""
    return query.fading(query.snapshot.channel_last[items])


@feature(Corpus.CHANNEL, "own_activity")
def own_activity(query: Query, items: Ints) -> Reals:
    """ln(1 + the asker's own decayed activity in the channel); for digests."""
    return np.log1p(query.amounts[items])


@feature(Corpus.USER, "made")
def contact_made(query: Query, items: Ints) -> Reals:
    """ln(1 + decayed contact from the asker)."""
    return np.log1p(query.made[items])


@feature(Corpus.USER, "received")
def contact_received(query: Query, items: Ints) -> Reals:
    """ln(1 + decayed contact to the asker)."""
    return np.log1p(query.received[items])


@feature(Corpus.USER, "reciprocity")
def reciprocity(query: Query, items: Ints) -> Reals:
    """2 min(made, received) / (made + received): 1 for an even exchange, 0 for one that goes one way."""
    made, received = query.made[items], query.received[items]
    return 2.0 * np.minimum(made, received) / np.maximum(made + received, 1e-6)


@feature(Corpus.USER, "contact_recency")
def contact_recency(query: Query, items: Ints) -> Reals:
    """1 if the two were in contact just now, 1/2 two weeks ago, 0 never."""
    return query.fading(query.contact_last[items])


@feature(Corpus.USER, "shared")
def shared_channels(query: Query, items: Ints) -> Reals:
    """Channels shared with the asker, small ones counting more."""
    return query.shared[items]


@feature(Corpus.USER, "shared_count")
def shared_count(query: Query, items: Ints) -> Reals:
    """ln(1 + channels shared with the asker)."""
    return np.log1p(query.shared_count[items])


@feature(Corpus.USER, "als")
def person_affinity(query: Query, items: Ints) -> Reals:
    """The cosine of the two activity embeddings."""
    return query.person_affinity[items]


@feature(Corpus.USER, "contacted_30")
def contacted_30(query: Query, items: Ints) -> Reals:
    """ln(1 + distinct people who contacted the person in the last 30 days)."""
    return np.log1p(query.snapshot.contacted_30[items])


@feature(Corpus.USER, "person_recency")
def person_recency(query: Query, items: Ints) -> Reals:
    """1 if the person did something just now, 1/2 two weeks ago, 0 never."""
    return query.fading(query.snapshot.person_last[items])
