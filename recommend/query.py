"""A hydrated query: who asks, what they do, and the dense signals that sources and features share.

Every signal is computed once per request, when first asked for, over all channels or people at once.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommend.embeddings import confidence, fold_in
from recommend.models import Floats, Ints, Reals
from recommend.snapshot import Micros, Snapshot
from recommend.tail import Recent

FADING_DAYS = 14.0  # half-life of "recently" in features
_CONTACTS = 100  # colleagues whose channels are looked at: the closest
_CROWD = 500  # a channel with more people says nothing about who belongs together
_DAY = 86_400_000_000.0  # microseconds


class Query:
    """What sources and features see of a request; `now` is in microseconds since 1970 UTC.

    `joined` are the channels the asker is a member of at this moment; `hidden` are people who must play no part in the
    answer (opted out since the snapshot, or blocked). With `personal` false (opted out), nothing but what everybody
    shares is used.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        person: int,
        joined: Ints,
        recent: Recent,
        now: int,
        hidden: frozenset[int] = frozenset(),
        personal: bool = True,
    ) -> None:
        self.snapshot = snapshot
        self.person = person if personal else 0
        self.joined = joined if personal else np.zeros(0, dtype=np.int32)
        self.recent = recent
        self.now = now
        self.hidden = hidden
        self.personal = personal

    @cached_property
    def amounts(self) -> Floats:
        """How active the asker is in each channel, decayed, with what happened since the snapshot."""
        span = self.snapshot.activity.span(self.person)
        dense = np.zeros(self.snapshot.channels, dtype=np.float32)
        if self.personal:
            dense[self.snapshot.activity.columns[span]] = self.snapshot.activity.values[span]
            known = self.recent.channels < len(dense)
            dense[self.recent.channels[known]] += self.recent.amounts[known]
        return dense

    @cached_property
    def seeds(self) -> Ints:
        """The channels that tell what the asker is about: joined, or active in."""
        joined = self.joined[self.joined < self.snapshot.channels]
        ever = self.snapshot.activity.columns[
            self.snapshot.activity.span(self.person)
        ]  # even if decayed to nothing
        return np.union1d(np.union1d(joined, ever), np.nonzero(self.amounts)[0]).astype(np.int32)

    @cached_property
    def nameable(self) -> Ints:
        """The seeds whose names may be said to the asker: those joined now, and public ones."""
        return self.seeds[np.isin(self.seeds, self.joined) | self.snapshot.open[self.seeds]]

    @cached_property
    def familiar(self) -> frozenset[int]:
        """Channels the asker has posted in or joined at any time."""
        span = self.snapshot.activity.span(self.person)
        before = self.snapshot.activity.columns[span][self.snapshot.posted[span]]
        return frozenset(before.tolist()) | self.recent.posted if self.personal else frozenset()

    @cached_property
    def vector(self) -> Floats:
        """The asker's embedding, folded in from what is known at this moment."""
        channels = self.snapshot.channel_factors
        return fold_in(channels, self.snapshot.gram, self.seeds, self.amounts[self.seeds] + 0.2)

    @cached_property
    def colleagues(self) -> tuple[Ints, Floats]:
        """The people the asker is in contact with, closest first, and how close (sums to 1)."""
        made, received = self.made, self.received
        close = made + 0.5 * received
        close = np.where(self.snapshot.available, close, 0.0).astype(np.float32)
        close[[number for number in self.hidden if number < len(close)]] = 0.0
        best = top(close, _CONTACTS)
        total = float(close[best].sum())
        return best, (close[best] / total if total else close[best]).astype(np.float32)

    @cached_property
    def made(self) -> Floats:
        """Decayed contact from the asker to each person."""
        return self._contact(self.snapshot.contacts.values, self.recent.made)

    @cached_property
    def received(self) -> Floats:
        """Decayed contact from each person to the asker."""
        return self._contact(self.snapshot.contacts_in, self.recent.received)

    @cached_property
    def contact_last(self) -> Micros:
        """When the asker and each person were last in contact."""
        dense = np.zeros(self.snapshot.people, dtype=np.int64)
        if self.personal:
            span = self.snapshot.contacts.span(self.person)
            dense[self.snapshot.contacts.columns[span]] = self.snapshot.contacts_last[span]
            known = self.recent.contacts < len(dense)
            where = self.recent.contacts[known]
            dense[where] = np.maximum(dense[where], self.recent.moments[known])
        return dense

    @cached_property
    def channel_affinity(self) -> Floats:
        """How well each channel fits the asker's embedding (about 0 to 1)."""
        return self.snapshot.channel_factors @ self.vector

    @cached_property
    def channel_kinship(self) -> Floats:
        """How similar each channel's people are to those of the asker's channels (0 to 1)."""
        rarity = 1.0 / np.log2(2.0 + self.snapshot.members[self.seeds])  # #general says little about anybody
        weights = confidence(self.amounts[self.seeds]) * rarity.astype(np.float32)
        total = float(weights.sum()) or 1.0
        return self.snapshot.similar.weighted_sum(self.seeds, weights / total, self.snapshot.channels)

    @cached_property
    def colleague_weight(self) -> Floats:
        """The share of the asker's contact that goes to people active in each channel (0 to 1)."""
        channels, place = self._colleague_activity
        weights = self.colleagues[1][place]
        return np.bincount(channels, weights=weights, minlength=self.snapshot.channels).astype(np.float32)

    @cached_property
    def colleague_count(self) -> Ints:
        """How many of the people the asker is in contact with are active in each channel."""
        channels, _ = self._colleague_activity
        return np.bincount(channels, minlength=self.snapshot.channels).astype(np.int32)

    def colleagues_in(self, channel: int) -> Ints:
        """Return the people the asker is in contact with who are active in a channel, closest first."""
        channels, place = self._colleague_activity
        return self.colleagues[0][place[channels == channel]]

    def kin_of(self, channel: int) -> Ints:
        """Return the nameable seeds that lead to a channel, the most similar first."""
        channels, seeds, values = self._kin
        here = channels == channel
        return seeds[here][np.argsort(-values[here], kind="stable")]

    def shared_with(self, person: int) -> Ints:
        """Return the nameable channels that the asker shares with a person, the smallest first."""
        people, seeds = self._neighbours
        both = seeds[people == person]
        return both[np.argsort(self.snapshot.members[both], kind="stable")]

    @cached_property
    def person_affinity(self) -> Floats:
        """The cosine between each person's embedding and the asker's."""
        length = max(float(np.linalg.norm(self.vector)), 1e-6)
        return self.snapshot.person_directions @ (self.vector / length).astype(np.float32)

    @cached_property
    def shared(self) -> Floats:
        """Channels shared with each person, small ones counting more: the sum of 1 / log2(2 + people)."""
        small = self.telling_seeds
        weights = (1.0 / np.log2(2.0 + self.snapshot.members[small])).astype(np.float32)
        return self.snapshot.channel_people.weighted_sum(small, weights, self.snapshot.people)

    @cached_property
    def shared_count(self) -> Ints:
        """How many channels the asker shares with each person, huge ones left out."""
        return self.snapshot.channel_people.counted(self.telling_seeds, self.snapshot.people)

    def fading(self, moments: Micros) -> Floats:
        """Return 1 for now, 1/2 for two weeks ago, 0 for never."""
        days = np.maximum(self.now - moments, 0) / _DAY
        return np.where(moments > 0, np.exp2(-days / FADING_DAYS), 0.0).astype(np.float32)

    @cached_property
    def telling_seeds(self) -> Ints:
        """The seeds small enough to say who belongs together."""
        return self.seeds[self.snapshot.members[self.seeds] <= _CROWD]

    @cached_property
    def _colleague_activity(self) -> tuple[Ints, NDArray[np.int64]]:
        """Channels, and parallel to them the place in `colleagues` of somebody active there."""
        places, origin = self.snapshot.activity.gather(self.colleagues[0])
        return self.snapshot.activity.columns[places], origin

    @cached_property
    def _kin(self) -> tuple[Ints, Ints, Reals]:
        """Channels, the nameable seed each is similar to, and how much: #general is similar to everything."""
        places, origin = self.snapshot.similar.gather(self.nameable)
        seeds = self.nameable[origin]
        values = self.snapshot.similar.values[places] / np.log2(2.0 + self.snapshot.members[seeds])
        return self.snapshot.similar.columns[places], seeds, values

    @cached_property
    def _neighbours(self) -> tuple[Ints, Ints]:
        """People, and the nameable channel that each shares with the asker."""
        seeds = np.intersect1d(self.telling_seeds, self.nameable)
        places, origin = self.snapshot.channel_people.gather(seeds)
        return self.snapshot.channel_people.columns[places], seeds[origin]

    def _contact(self, before: Floats, since: Floats) -> Floats:
        dense = np.zeros(self.snapshot.people, dtype=np.float32)
        if self.personal:
            span = self.snapshot.contacts.span(self.person)
            dense[self.snapshot.contacts.columns[span]] = before[span]
            known = self.recent.contacts < len(dense)
            dense[self.recent.contacts[known]] += since[known]
        return dense


def top(values: Reals, limit: int) -> Ints:
    """Return the places of the highest positive values, best first; ties by number, so answers are repeatable."""
    places = np.nonzero(values > 0)[0]
    if len(places) > limit:
        edge = np.partition(values[places], len(places) - limit)[len(places) - limit]
        places = places[values[places] >= edge]
    order = np.lexsort((places, -values[places]))
    return places[order][:limit].astype(np.int32)
