"""What a pair of messages tells of whether the later replies to the earlier: the link model's features.

After Kummerfeld et al. 2019 and Elsner and Charniak 2010, without any look ahead: a row depends on the two messages and
those before the later one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from summarize.conversations.events import Events
from summarize.conversations.talk import CUES, NOBODY, Floats, Ints, Talk
from summarize.conversations.words import SPAN, Shared, shared, totals

FAR = 180  # minutes: longer gaps are one to the model
_PACE = 20  # messages back over which the pace is taken

REPLY = (
    "length", "bot", "directed", "names", "own_back", "own_minutes", "turn", "named_back", "named_minutes",
    "called_back", "called_minutes", "called_since_own", "pace", "context", *CUES,
)  # fmt: skip
CANDIDATE = ("length", "bot", "directed", "names", "own_back", "turn", "called_back", *CUES)
PAIR = (
    "itself", "back", "minutes", "speakers_between", "same_author", "names_author", "directed_at_author", "is_named",
    "is_directed_at", "same_target", "other_target", "named_else", "candidate_later", "reply_author_since",
    "candidate_next", "to_before", "to_since", "to_last", "from_before", "from_since", "from_last", "called_since",
    "calls_since", "is_partner", "is_caller", "is_call", "own_after_call", "words", "rarity", "rarest", "local",
    "share_reply", "share_candidate",
)  # fmt: skip
NAMES = (
    *(f"reply_{name}" for name in REPLY),
    *(f"candidate_{name}" for name in CANDIDATE),
    *PAIR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How rare words are: inverse document frequency in the training data, and that of a word not in it."""

    rarity: Mapping[str, float]
    unseen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Rows of features; `reply` and `candidate` are positions, rows of one reply lie together, itself first."""

    reply: Ints
    candidate: Ints
    rows: Floats
    starts: Ints


class Features:
    """Makes the pairs of a talk."""

    def __init__(self, talk: Talk, words: Words) -> None:
        self.talk = talk
        self.events = Events.of(talk)
        self._totals = totals(talk, words.rarity, words.unseen)
        self._overlap = _Overlap(len(talk), shared(talk, words.rarity, words.unseen))
        self._partner, self._caller, self.call = self._partners()
        self._reply = self._reply_columns()
        self._candidate = self._reply[:, [REPLY.index(name) for name in CANDIDATE]]

    def pairs(self, first: int, last: int) -> Pairs:
        """Return the pairs of the replies from `first` up to, not including, `last`, with themselves and SPAN back."""
        replies = np.arange(first, last)
        count = np.minimum(replies, SPAN) + 1
        starts = np.concatenate(([0], np.cumsum(count)[:-1])) if len(count) else np.zeros(0, dtype=np.int64)
        reply = np.repeat(replies, count)
        back = np.arange(len(reply)) - np.repeat(starts, count)
        candidate = reply - back
        rows = np.empty((len(reply), len(NAMES)), dtype=np.float32)
        rows[:, : len(REPLY)] = self._reply[reply]
        rows[:, len(REPLY) : len(REPLY) + len(CANDIDATE)] = self._candidate[candidate]
        pair = rows[:, len(REPLY) + len(CANDIDATE) :]
        columns = {**self._apart(reply, candidate), **self._people(reply, candidate)}
        columns |= self._history(reply, candidate) | self._overlap.columns(reply, back, self._totals)
        for number, name in enumerate(PAIR[1:], start=1):
            pair[:, number] = columns[name]
        itself = back == 0
        pair[itself] = np.nan
        rows[itself, len(REPLY) : len(REPLY) + len(CANDIDATE)] = np.nan
        pair[:, 0] = itself
        return Pairs(reply=reply, candidate=candidate, rows=rows, starts=starts)

    def _partners(self) -> tuple[Ints, Ints, Ints]:
        """Return whom each author last named before, who last named them, and in which message."""
        talk = self.talk
        partner, caller, call = (np.full(len(talk), -1, dtype=np.int64) for _ in range(3))
        to: dict[int, int] = {}
        by: dict[int, int] = {}
        for position, (author, named) in enumerate(
            zip(talk.author.tolist(), talk.named.tolist(), strict=True)
        ):
            partner[position] = to.get(author, -1)
            call[position] = by.get(author, -1)
            for one in named:
                if one != NOBODY:
                    by[one] = position
            if named[0] != NOBODY:
                to[author] = named[0]
        caller[call >= 0] = talk.author[call[call >= 0]]
        return partner, caller, call

    def _reply_columns(self) -> Floats:
        talk, here = self.talk, np.arange(len(self.talk))
        target = talk.named[:, 0]
        rank = self.events.spoken.rank(target, here)
        seen = np.where(target == NOBODY, -1, self.events.spoken.last(target, rank))
        columns = [
            talk.length,
            talk.bot,
            talk.directed,
            (talk.named != NOBODY).sum(axis=1),
            self._back(here, talk.previous),
            self._minutes(here, talk.previous),
            np.log1p(talk.turn),
            self._back(here, seen),
            self._minutes(here, seen),
            self._back(here, self.call),
            self._minutes(here, self.call),
            self.call > talk.previous,
            self._minutes(here, np.maximum(here - _PACE, 0)),
            np.minimum(here, SPAN),
        ]
        return np.column_stack([np.asarray(column, dtype=np.float32) for column in columns] + [talk.cues])

    def _back(self, here: Ints, there: Ints) -> Floats:
        return np.where(there >= 0, np.minimum(here - there, 1000), np.nan).astype(np.float32)

    def _minutes(self, here: Ints, there: Ints) -> Floats:
        apart = self.talk.minute[here] - self.talk.minute[there]
        return np.where(there >= 0, np.clip(apart, 0, FAR), np.nan).astype(np.float32)

    def _apart(self, reply: Ints, candidate: Ints) -> dict[str, Floats]:
        runs = np.concatenate(([0], np.cumsum(self.talk.author[1:] != self.talk.author[:-1])))
        return {
            "back": (reply - candidate).astype(np.float32),
            "minutes": self._minutes(reply, candidate),
            "speakers_between": (runs[reply] - runs[candidate]).astype(np.float32),
        }

    def _people(self, reply: Ints, candidate: Ints) -> dict[str, NDArray[Any]]:
        talk = self.talk
        by, to = talk.author[reply], talk.author[candidate]
        mine, theirs = talk.named[reply], talk.named[candidate]
        names_author = (mine == to[:, None]).any(axis=1)
        is_named = (theirs == by[:, None]).any(axis=1)
        both = (mine[:, 0] != NOBODY) & (theirs[:, 0] != NOBODY)
        same = (mine[:, :1] == theirs).any(axis=1) | (mine == theirs[:, :1]).any(axis=1)
        return {
            "same_author": by == to,
            "names_author": names_author,
            "directed_at_author": (mine[:, 0] == to) & (talk.directed[reply] > 0),
            "is_named": is_named,
            "is_directed_at": (theirs[:, 0] == by) & (talk.directed[candidate] > 0),
            "same_target": both & same,
            "other_target": (mine[:, 0] != NOBODY) & ~names_author,
            "named_else": (theirs[:, 0] != NOBODY) & ~is_named,
            "is_partner": self._partner[reply] == to,
            "is_caller": self._caller[reply] == to,
            "is_call": self.call[reply] == candidate,
            "own_after_call": talk.previous[reply] > candidate,
        }

    def _history(self, reply: Ints, candidate: Ints) -> dict[str, NDArray[Any]]:
        talk, events = self.talk, self.events
        by, to = talk.author[reply], talk.author[candidate]
        after = candidate + 1
        later = events.spoken.rank(to, reply) - events.spoken.rank(to, after)
        since = events.spoken.rank(by, reply) - events.spoken.rank(by, after)
        following = self._next_own(candidate, reply)
        columns: dict[str, NDArray[Any]] = {
            "candidate_later": np.minimum(later, 20),
            "reply_author_since": np.minimum(since, 20),
            "candidate_next": following,
            "called_since": events.named.rank(to, reply) - events.named.rank(to, after),
            "calls_since": events.naming.rank(to, reply) - events.naming.rank(to, after),
        }
        for name, key in (("to", by * events.people + to), ("from", to * events.people + by)):
            now = events.pairs.rank(key, reply)
            then = events.pairs.rank(key, candidate)
            last = events.pairs.last(key, now)
            columns[f"{name}_since"] = np.minimum(now - then, 10)
            columns[f"{name}_before"] = np.minimum(
                then - events.pairs.rank(key, np.maximum(reply - 500, 0)), 10
            )
            columns[f"{name}_last"] = self._back(reply, last)
        return columns

    def _next_own(self, candidate: Ints, reply: Ints) -> Floats:
        """Return how far after the candidate its author spoke again, nothing if that is not before the reply."""
        following = np.full(len(self.talk), len(self.talk), dtype=np.int64)
        known = self.talk.previous >= 0
        following[self.talk.previous[known]] = np.flatnonzero(known)
        found = following[candidate]
        return np.where(found < reply, found - candidate, np.nan).astype(np.float32)


class _Overlap:
    """Words in common, by reply and distance."""

    def __init__(self, size: int, found: Shared) -> None:
        width = SPAN + 1
        spot = found.later * width + found.back
        shape = size * width
        self.words = np.bincount(spot, minlength=shape).astype(np.float32)
        self.rarity = np.bincount(spot, weights=found.rarity, minlength=shape).astype(np.float32)
        self.local = np.bincount(spot, weights=found.local, minlength=shape).astype(np.float32)
        self.rarest = np.zeros(shape, dtype=np.float32)
        np.maximum.at(self.rarest, spot, found.rarity)

    def columns(self, reply: Ints, back: Ints, totals: Floats) -> dict[str, NDArray[Any]]:
        """Return the overlap of pairs."""
        spot = reply * (SPAN + 1) + back
        rarity = self.rarity[spot]
        return {
            "words": self.words[spot],
            "rarity": rarity,
            "rarest": self.rarest[spot],
            "local": self.local[spot],
            "share_reply": rarity / np.maximum(totals[reply], 1e-6),
            "share_candidate": rarity / np.maximum(totals[reply - back], 1e-6),
        }
