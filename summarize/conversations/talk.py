"""Talk as the link model reads it: one utterance a message, and the columns that its features are made from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

NOBODY = -1
TARGETS = 3  # people a message names, at most
_FLOOD = 50  # messages over which the pace is taken

_WORD = re.compile(r"[^\W_]+(?:['’._/-][^\W_]+)*")
_THANKS = re.compile(r"\b(?:thank(?:s|x)?|thx|ty|tnx|cheers|danke\w*)\b")
_HELLO = re.compile(r"^\W*(?:hi|hello|hey|hallo|moin|hiya|greetings|good (?:morning|evening|day)|guten)\b")
_YES_NO = re.compile(
    r"\b(?:yes|yep|yeah|yup|ok|okay|no|nope|nah|sure|right|exactly|ja|nein|doch|genau|klar|done|erledigt)\b"
)
_ASKING = re.compile(
    r"\b(?:how|what|why|where|who|which|when|does|do|is|are|can|could|anyone|anybody|someone|somebody|"
    r"wie|was|warum|wo|wer|welche\w*|wann|kann|jemand)\b"
)
_YOU = re.compile(r"\b(?:you|your|u|ur|you're|du|dein\w*|dir|dich)\b")
_ME = re.compile(r"\b(?:i|i'm|im|my|me|i've|we|our|ich|mein\w*|mir|mich|wir)\b")
_ANAPHORA = re.compile(
    r"^\W*(?:it|that|this|they|so|then|but|and|or|because|because|also|das|dann|aber|und)\b"
)
_TECHNICAL = re.compile(r"https?:|www\.|[/\\]\w|\w\.\w|\w_\w|`|\d")
_LAUGH = re.compile(r"\b(?:lol|haha\w*|heh\w*|rofl|lmao)\b|[:;]-?[)dp(/]")

CUES = (
    "question_mark",
    "asking",
    "thanks",
    "hello",
    "yes_no",
    "you",
    "me",
    "anaphora",
    "technical",
    "laugh",
    "command",
    "trailing",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A message: who says it, in which minute, what, and whom it names (`named`, first the one it is directed at)."""

    author: str
    minute: int
    text: str
    named: tuple[str, ...] = ()
    directed: bool = False
    bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Columns of n utterances; indices point backwards, -1 is none, so that nothing depends on what comes later."""

    author: Ints
    minute: Ints
    bot: Floats
    directed: Floats
    named: Ints  # (n, TARGETS)
    previous: Ints  # the author's last message before
    turn: Ints  # how many the author wrote before
    cues: Floats  # (n, len(CUES))
    length: Floats  # log of words
    words: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.author)


def talk_of(utterances: Sequence[Utterance]) -> Talk:
    """Return the columns of utterances, oldest first."""
    ids: dict[str, int] = {}
    author = [ids.setdefault(one.author, len(ids)) for one in utterances]
    named = np.full((len(utterances), TARGETS), NOBODY, dtype=np.int64)
    for row, one in enumerate(utterances):
        for column, name in enumerate(one.named[:TARGETS]):
            named[row, column] = ids.setdefault(name, len(ids))
    previous, turn = _turns(author)
    lowered = [one.text.lower() for one in utterances]
    words = tuple(tuple(dict.fromkeys(_WORD.findall(text))) for text in lowered)
    return Talk(
        author=np.array(author, dtype=np.int64),
        minute=np.array([one.minute for one in utterances], dtype=np.int64),
        bot=np.array([one.bot for one in utterances], dtype=np.float32),
        directed=np.array([one.directed for one in utterances], dtype=np.float32),
        named=named,
        previous=previous,
        turn=turn,
        cues=np.array([_cues(text) for text in lowered], dtype=np.float32).reshape(-1, len(CUES)),
        length=np.log1p(np.array([len(text.split()) for text in lowered], dtype=np.float32)),
        words=words,
    )


def _turns(author: Sequence[int]) -> tuple[Ints, Ints]:
    previous, turn = np.full(len(author), -1, dtype=np.int64), np.zeros(len(author), dtype=np.int64)
    last: dict[int, int] = {}
    for position, one in enumerate(author):
        before = last.get(one, -1)
        previous[position] = before
        turn[position] = turn[before] + 1 if before >= 0 else 0
        last[one] = position
    return previous, turn


def _cues(text: str) -> tuple[bool, ...]:
    return (
        "?" in text,
        bool(_ASKING.search(text)),
        bool(_THANKS.search(text)),
        bool(_HELLO.search(text)),
        bool(_YES_NO.search(text)),
        bool(_YOU.search(text)),
        bool(_ME.search(text)),
        bool(_ANAPHORA.search(text)),
        bool(_TECHNICAL.search(text)),
        bool(_LAUGH.search(text)),
        text.startswith(("!", "/")),
        text.endswith(("...", "…", ",", ":", "-")),
    )
