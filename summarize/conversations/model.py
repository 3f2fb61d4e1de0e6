"""The trained link model: which earlier message each message replies to, if any.

Two passes of boosted trees (XGBoost, a softmax over a message's candidates): the first over all pairs, the second over
the likeliest, with what the first makes of the conversations they are in. Neither looks ahead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.errors import InvalidInput
from summarize.conversations import chains, features
from summarize.conversations.chains import Chains, First, normalised
from summarize.conversations.features import Features, Pairs, Words
from summarize.conversations.talk import Floats, Ints, Utterance, talk_of

if TYPE_CHECKING:
    from xgboost import Booster

Prior = Callable[[Pairs], Floats]

SHIPPED = Path(__file__).with_name("links.json")
_CHAIN = 0.75  # cross-validated: fewer conversations fall apart than by the likeliest link alone
_BLOCK = 512  # messages whose pairs are made at once, so that memory stays small


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What each message links to (itself: it starts a conversation), and how probable that is."""

    link: Ints
    log_p: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Linker:
    """The two passes, and how rare words are."""

    words: Words
    first: Booster
    second: Booster

    def link(
        self,
        utterances: Sequence[Utterance],
        given: Mapping[int, int] | None = None,
        prior: Prior | None = None,
    ) -> Linked:
        """Return the link of each utterance, oldest first; `given` says what some positions are known to link to.

        `prior` adds to the log odds of each pair what the model cannot know. A message's link depends on it and the
        messages before it alone, if its prior does.
        """
        talk = talk_of(utterances)
        made, first, last = Features(talk, self.words), First.empty(len(talk)), First.empty(len(talk))
        for start in range(0, len(talk), _BLOCK):
            pairs = made.pairs(start, min(len(talk), start + _BLOCK))
            log_p = _judged(self.first, pairs, prior)
            first.add(pairs, log_p, given)
            kept = Chains(talk, first, made.call).rows(pairs, log_p)
            last.add(kept, _judged(self.second, kept, prior), given, chain=_CHAIN)
        return Linked(link=last.link, log_p=last.log_p)


def _judged(model: Booster, pairs: Pairs, prior: Prior | None) -> Floats:
    found = scores(model, pairs.rows)
    return normalised(found if prior is None else found + prior(pairs), pairs.starts)


def scores(model: Booster, rows: Floats) -> Floats:
    """Return the model's score of each row."""
    return cast("Floats", model.inplace_predict(rows, predict_type="margin"))


@cache
def shipped() -> Linker:
    """Return the model in the package; read once."""
    return load(SHIPPED)


def load(path: Path) -> Linker:
    """Return the model of a metadata file, its boosters beside it. Raises InvalidInput if it is not fit to be used."""
    try:
        meta = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        boosters = [_booster(path, meta, name) for name in ("first", "second")]
    except (OSError, ValueError, KeyError) as error:
        raise _unfit(path, f"cannot be read: {error}") from error
    if (meta["first"]["features"], meta["second"]["features"]) != (list(features.NAMES), list(chains.NAMES)):
        raise _unfit(path, "was trained on other features than this version makes")
    words = Words(rarity=meta["words"]["rarity"], unseen=meta["words"]["unseen"])
    return Linker(words=words, first=boosters[0], second=boosters[1])


def save(linker: Linker, path: Path, about: Mapping[str, object]) -> None:
    """Write a model: metadata to `path`, the boosters beside it as XGBoost's own UBJSON."""
    meta: dict[str, object] = dict(about)
    for name, model, columns in (
        ("first", linker.first, features.NAMES),
        ("second", linker.second, chains.NAMES),
    ):
        raw = bytes(model.save_raw("ubj"))
        path.with_name(f"{path.stem}.{name}.ubj").write_bytes(raw)
        meta[name] = {"sha256": hashlib.sha256(raw).hexdigest(), "features": list(columns)}
    meta["words"] = {"unseen": linker.words.unseen, "rarity": dict(linker.words.rarity)}
    path.write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _booster(path: Path, meta: dict[str, Any], name: str) -> Booster:
    from xgboost import Booster  # a second to import: only who separates talk waits for it

    raw = path.with_name(f"{path.stem}.{name}.ubj").read_bytes()
    if hashlib.sha256(raw).hexdigest() != meta[name]["sha256"]:
        raise ValueError(f"{path.stem}.{name}.ubj is not the file that {path.name} was written with")
    return Booster({"nthread": 1}, model_file=bytearray(raw))


def _unfit(path: Path, problem: str) -> InvalidInput:
    return InvalidInput(
        "model", str(path), problem, remedy="Train one: catchup train conversations DIR --out FILE."
    )
