"""Trains the link model from annotated IRC logs: `catchup train conversations`.

The second pass reads what the first makes of logs that it was not trained on, fold by fold (stacking, Wolpert 1992), so
that it learns how far to trust it. Each log is given twice: as it is, and cut off, as a window of a chat begins.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from summarize.conversations import chains, features
from summarize.conversations.chains import Chains, First, normalised
from summarize.conversations.features import Features, Pairs, Words
from summarize.conversations.irc import Log
from summarize.conversations.model import Linker, scores
from summarize.conversations.talk import Floats, Ints, Utterance, talk_of

if TYPE_CHECKING:
    from xgboost import Booster, DMatrix

ATTRIBUTION = (
    "Trained on the Ubuntu IRC annotations of Kummerfeld et al. 2019, A Large-Scale Corpus for Conversation "
    "Disentanglement, https://jkk.name/irc-disentanglement, CC-BY-4.0; the model holds word frequencies and "
    "statistics of that data and is a derived work of it."
)
FOLDS = 3
_RUN_UP = 300  # messages before the first annotated one that the first pass links too
_CUT = 80  # annotated messages taken from a log that is cut off
_NEAR, _FAR_SHARE = 6, 0.22  # candidates trained on: all as near as this, so many of the rest
_COMMON, _KNOWN = 60, 30  # words taken for empty; occurrences from which a word's rarity is kept
_BINS = 64
_FIRST = {"max_depth": 7, "eta": 0.15, "min_child_weight": 3, "colsample_bytree": 0.5}
_SECOND = {"max_depth": 6, "eta": 0.1, "min_child_weight": 5, "colsample_bytree": 0.4}
_SHARED = {"subsample": 0.7, "lambda": 2.0, "tree_method": "hist", "max_bin": _BINS, "base_score": 0.0}
FIRST_ROUNDS, SECOND_ROUNDS = 100, 110


class Steps(Protocol):
    """Hears how far training has come."""

    def begin(self, total: int) -> None:
        """Start counting."""
        ...

    def advance(self, amount: int, *, done: int) -> None:
        """Move on by `amount`; `done` counts from the start."""
        ...


class View(NamedTuple):
    """A log, whole or cut off: the positions [first, last) that are annotated, and the links of each."""

    utterances: Sequence[Utterance]
    first: int
    last: int
    gold: Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Examples: rows of features, whether each is a link, and where the groups of one message begin."""

    rows: Floats
    right: NDArray[np.bool_]
    starts: Ints


def train(
    logs: Sequence[Log],
    *,
    seed: int,
    steps: Steps,
    threads: int = 1,
    rounds: tuple[int, int] = (FIRST_ROUNDS, SECOND_ROUNDS),
) -> Linker:
    """Return a model trained on annotated logs; the same logs, seed and version of XGBoost give the same model.

    `rounds` is how many trees each pass has.
    """
    return _Trainer(logs, seed=seed, threads=threads, steps=steps).run(*rounds)


class _Trainer:
    """The stages of training, counted."""

    def __init__(self, logs: Sequence[Log], *, seed: int, threads: int, steps: Steps) -> None:
        self._random = np.random.default_rng(seed)
        self._params = {**_SHARED, "seed": seed, "nthread": threads}
        self._steps, self._done = steps, 0
        self._views = [[whole(log), cut(whole(log), self._random)] for log in logs]
        self._words = rarities(view[0].utterances for view in self._views)
        self._fold = self._random.permutation(len(logs)) % FOLDS

    def run(self, few: int, more: int) -> Linker:
        """Return a model of so many trees in the first and in the second pass."""
        self._steps.begin((FOLDS + 1) * few + more + 2 * len(self._views))
        examples = [self._first_rows(views) for views in self._views]
        second: list[Rows] = []
        for fold in range(FOLDS):
            others = [rows for rows, own in zip(examples, self._fold, strict=True) if own != fold]
            model = self._fit(others, _FIRST, few)
            mine = [views for views, own in zip(self._views, self._fold, strict=True) if own == fold]
            second += [self._second_rows(views, model) for views in mine]
        return Linker(
            words=self._words,
            first=self._fit(examples, _FIRST, few),
            second=self._fit(second, _SECOND, more),
        )

    def _first_rows(self, views: Sequence[View]) -> Rows:
        found: list[Rows] = []
        for view in views:
            pairs = Features(talk_of(view.utterances), self._words).pairs(view.first, view.last)
            right = labels(pairs, view.gold)
            found.append(_kept(pairs, right, self._worth(pairs, right)))
        self._count(1)
        return _joined(found)

    def _worth(self, pairs: Pairs, right: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which pairs to train on: the links, the near, the plausible, and a share of the rest."""

        def column(name: str) -> Floats:
            return pairs.rows[:, features.NAMES.index(name)]

        back = pairs.reply - pairs.candidate
        own = (column("same_author") == 1) & (column("reply_author_since") < 1)
        named = (column("names_author") == 1) & (column("candidate_later") <= 1)
        called = (column("is_named") == 1) & (column("from_since") <= 1)
        some = self._random.random(len(back)) < _FAR_SHARE
        return right | (back <= _NEAR) | ((back <= 40) & (own | named | called)) | some

    def _second_rows(self, views: Sequence[View], model: Booster) -> Rows:
        found: list[Rows] = []
        for view in views:
            talk = talk_of(view.utterances)
            made, first = Features(talk, self._words), First.empty(len(talk))
            start = max(0, view.first - _RUN_UP)
            pairs = made.pairs(start, view.last)
            log_p = normalised(scores(model, pairs.rows), pairs.starts)
            first.add(pairs, log_p)
            kept = Chains(talk, first, made.call).rows(pairs, log_p)
            right = labels(kept, view.gold)
            found.append(_kept(kept, right, kept.reply >= view.first))
        self._count(1)
        return _joined(found)

    def _fit(self, examples: Sequence[Rows], params: Mapping[str, float], rounds: int) -> Booster:
        import xgboost

        data = _joined(examples)
        names = features.NAMES if data.rows.shape[1] == len(features.NAMES) else chains.NAMES
        matrix = xgboost.QuantileDMatrix(data.rows, feature_names=list(names), max_bin=_BINS)
        model = xgboost.Booster({**self._params, **params}, [matrix])
        objective = Softmax(data.right, data.starts)
        for number in range(rounds):
            model.update(matrix, number, fobj=objective)
            self._count(1)
        return model

    def _count(self, amount: int) -> None:
        self._done += amount
        self._steps.advance(amount, done=self._done)


class Softmax:
    """The loss: minus the log of the probability, by softmax over a message's candidates, that a link is right."""

    def __init__(self, right: NDArray[np.bool_], starts: Ints) -> None:
        self._right, self._starts = right, starts
        self._size = np.diff(np.append(starts, len(right)))

    def __call__(self, scores: Floats, _: DMatrix) -> tuple[Floats, Floats]:
        """Return gradient and (diagonal) Hessian."""
        top = np.repeat(np.maximum.reduceat(scores, self._starts), self._size)
        odds = np.exp((scores - top).astype(np.float64))
        p = self._share(odds)
        wanted = self._share(np.where(self._right, odds, 0.0))
        return (p - wanted).astype(np.float32), np.maximum(p * (1 - p), 1e-6).astype(np.float32)

    def _share(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.maximum(np.add.reduceat(odds, self._starts), 1e-300)
        return odds / np.repeat(total, self._size)


def whole(log: Log) -> View:
    """Return a log's annotations by position of utterance; a link to what the server said is none of ours."""
    place = {line: position for position, line in enumerate(log.lines)}
    gold = {
        place[line]: frozenset(place[one] for one in to if one in place)
        for line, to in log.links.items()
        if line in place
    }
    gold = {position: to for position, to in gold.items() if to}
    return View(log.utterances, min(gold), max(gold) + 1, gold)


def cut(view: View, random: np.random.Generator) -> View:
    """Return a view that begins within what is annotated: what replies to something before it starts afresh."""
    start = int(random.integers(view.first, max(view.first + 1, view.last - _CUT)))
    end = min(view.last, start + _CUT)
    gold = {
        position - start: frozenset(one - start for one in to if one >= start)
        or frozenset({position - start})
        for position, to in view.gold.items()
        if start <= position < end
    }
    return View(view.utterances[start:end], 0, end - start, gold)


def rarities(talks: Iterator[Sequence[Utterance]]) -> Words:
    """Return inverse document frequencies of words over all utterances; the most common count as empty."""
    seen: Counter[str] = Counter()
    total = 0
    for utterances in talks:
        for words in talk_of(utterances).words:
            seen.update(words)
        total += len(utterances)
    empty = {word for word, _ in seen.most_common(_COMMON)}
    rarity = {
        word: 0.0 if word in empty else round(math.log(total / count), 2)
        for word, count in seen.most_common()
        if count >= _KNOWN or word in empty
    }
    return Words(rarity=rarity, unseen=round(math.log(max(total, 4) / 2), 2))


def labels(pairs: Pairs, gold: Mapping[int, frozenset[int]]) -> NDArray[np.bool_]:
    """Tell which pairs are links."""
    couples = zip(pairs.reply.tolist(), pairs.candidate.tolist(), strict=True)
    return np.array([to in gold.get(reply, ()) for reply, to in couples], dtype=np.bool_)


def _kept(pairs: Pairs, right: NDArray[np.bool_], keep: NDArray[np.bool_]) -> Rows:
    """Return the rows to keep, of the messages one of whose candidates is a link."""
    size = np.diff(np.append(pairs.starts, len(right)))
    keep &= np.repeat(np.logical_or.reduceat(right, pairs.starts), size)
    reply = pairs.reply[keep]
    starts = np.flatnonzero(np.concatenate(([True], reply[1:] != reply[:-1]))) if len(reply) else reply
    return Rows(rows=pairs.rows[keep], right=right[keep], starts=starts)


def _joined(examples: Sequence[Rows]) -> Rows:
    offsets = np.cumsum([0, *(len(one.right) for one in examples)])
    return Rows(
        rows=np.concatenate([one.rows for one in examples]),
        right=np.concatenate([one.right for one in examples]),
        starts=np.concatenate([one.starts + at for one, at in zip(examples, offsets, strict=False)]),
    )


def about(logs: Sequence[Log], *, seed: int, measures: Mapping[str, float]) -> dict[str, object]:
    """Return what a model's metadata says of its making."""
    import xgboost

    return {
        "model": "reply links for conversation disentanglement, two passes",
        "version": 1,
        "data": ATTRIBUTION,
        "licence": "CC-BY-4.0",
        "trained_on": {"logs": len(logs), "annotated": sum(len(log.links) for log in logs)},
        "seed": seed,
        "xgboost": str(xgboost.__version__),
        "measures_on_dev": {name: round(value, 2) for name, value in measures.items()},
    }
