"""Interleaved talk into conversations: threads as they are, the rest by the link model.

Causal: where a message goes depends on it and the messages before it alone, so that a window that grows never regroups
what was there. Cf. Kummerfeld et al. 2019, "A Large-Scale Corpus for Conversation Disentanglement".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from core.ids import MessageId
from summarize.conversations.features import Pairs
from summarize.conversations.model import Linker, Prior, shipped
from summarize.conversations.talk import Floats, Utterance
from summarize.material import Entry
from summarize.models import MessageKind

START, QUIET, PACE = 3.0, 60.0, 1.0
_NAMED = re.compile(r"^\W*([^\W\d_][\w'’.-]*)(?: [^\W\d_][\w'’.-]*)?\s*[,:]")


def separate(entries: Sequence[Entry], linker: Linker | None = None) -> list[list[int]]:
    """Return the positions of entries by conversation, ordered by first message; a thread is never split.

    `entries` are oldest first. Uses the shipped model unless another is given.
    """
    heads = _heads(entries)
    spoken = [at for at, head in enumerate(heads) if head in (None, at) or entries[at].message.broadcast]
    place = {at: number for number, at in enumerate(spoken)}
    given = {place[at]: place[head] for at in spoken if (head := heads[at]) is not None}
    said = utterances([entries[at] for at in spoken])
    link = (linker or shipped()).link(said, given, team_chat(said)).link
    home: list[int] = []
    for at, head in enumerate(heads):
        to = spoken[int(link[place[at]])] if head is None else head
        home.append(at if to == at else home[to])
    found: dict[int, list[int]] = {}
    for at, first in enumerate(home):
        found.setdefault(first, []).append(at)
    return list(found.values())


def team_chat(said: Sequence[Utterance]) -> Prior:
    """Return what sets a team's channel apart from the crowded support channel that the model was trained on.

    Conversations begin more rarely (START nats against it), and a silence ends one: beyond QUIET minutes each hour
    counts PACE nats against a link. The model itself knows no gap longer than three hours.
    """
    minute = np.array([one.minute for one in said], dtype=np.int64)

    def prior(pairs: Pairs) -> Floats:
        silent = np.maximum(minute[pairs.reply] - minute[pairs.candidate] - QUIET, 0) / 60
        return np.where(pairs.reply == pairs.candidate, -START, -PACE * silent).astype(np.float32)

    return prior


def utterances(entries: Sequence[Entry]) -> list[Utterance]:
    """Return entries as the link model reads them: mentions are names, times are whole minutes, as in IRC."""
    known: dict[str, str] = {}
    found: list[Utterance] = []
    for entry in entries:
        author = str(entry.message.author)
        mentions = [str(user) for user in entry.mentions if user != author]
        match = _NAMED.match(entry.text)
        called = known.get(match[1].casefold()) if match else None
        if called and called != author:
            mentions = [called, *(user for user in mentions if user != called)]
        directed = bool(mentions) and (called == mentions[0] or entry.message.text.lstrip().startswith("<@"))
        found.append(
            Utterance(
                author=author,
                minute=int(entry.message.at.timestamp()) // 60,
                text=entry.text,
                named=tuple(mentions),
                directed=directed,
                bot=entry.message.kind is MessageKind.BOT,
            )
        )
        for name in (entry.author, entry.author.split()[0]) if entry.author.split() else ():
            known.setdefault(name.casefold(), author)
    return found


def _heads(entries: Sequence[Entry]) -> list[int | None]:
    """Return where each thread reply's root is, or its first reply where the root is not given; None for the rest."""
    where: dict[MessageId, int] = {}
    heads: list[int | None] = []
    for at, entry in enumerate(entries):
        root = entry.message.root
        heads.append(None if root is None else where.setdefault(root, at))
        where.setdefault(entry.message.id, at if root is None else where[root])
    return heads
