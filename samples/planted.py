"""What the conversations hold, for tests and evaluations: `python -m samples.planted` rewrites planted.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

import yaml

from samples.corpus import Corpus, build
from samples.script import MARKS, Conversation, conversations, summary
from samples.workspace import HERE, load_workspace

PATH = HERE / "planted.yaml"
_HEADER = """\
# Written by `python -m samples.planted` from samples/conversations/; do not edit.
# key: ordinals (from 1) of the messages of that conversation which a good summary must notice.
# {+2} in a summary is a weekday counted in workdays from the conversation; samples.planted.planted() resolves it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One conversation as it lies in a generated workspace; `stamps` holds every message's timestamp by ordinal."""

    id: str
    channel: str
    kinds: tuple[str, ...]
    interleave: str
    messages: int
    key: dict[str, list[int]]
    stamps: tuple[str, ...]
    summary: str

    def key_stamps(self, mark: str) -> list[str]:
        """Return the timestamps of the messages marked so."""
        return [self.stamps[n - 1] for n in self.key.get(mark, [])]


def key_ordinals(conversation: Conversation) -> dict[str, list[int]]:
    """Return the ordinals of the marked lines, by mark."""
    found = {m: [i for i, line in enumerate(conversation.lines, 1) if m in line.marks] for m in sorted(MARKS)}
    return {mark: ordinals for mark, ordinals in found.items() if ordinals}


def planted_in(corpus: Corpus) -> tuple[Planted, ...]:
    """Return what is planted in a built workspace."""
    return tuple(_planted(c, corpus) for c in corpus.conversations)


def planted(*, seed: int, end: date) -> tuple[Planted, ...]:
    """Return what is planted in the workspace of that seed and end."""
    return planted_in(build(seed=seed, end=end))


def _planted(conversation: Conversation, corpus: Corpus) -> Planted:
    return Planted(
        id=conversation.id,
        channel=conversation.channel,
        kinds=conversation.kinds,
        interleave=conversation.interleave,
        messages=len(conversation.lines),
        key=key_ordinals(conversation),
        stamps=tuple(corpus.stamps[f"{conversation.id}/{i}"] for i in range(1, len(conversation.lines) + 1)),
        summary=summary(conversation, corpus.world.timeline),
    )


def _entries() -> Iterator[dict[str, object]]:
    for c in conversations():
        entry: dict[str, object] = {
            "id": c.id,
            "channel": c.channel,
            "day": "now" if c.day is None else c.day,
        }
        entry |= {"kinds": list(c.kinds), "messages": len(c.lines), "key": key_ordinals(c)}
        yield entry | ({"interleave": c.interleave} if c.interleave else {}) | {"summary": c.summary}


def document() -> str:
    """Return the text of planted.yaml."""
    people = load_workspace().should_join
    body = {
        "conversations": list(_entries()),
        "should_join": [{"person": p, "channel": c} for p, c in people],
    }
    return _HEADER + yaml.safe_dump(
        body, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )


def as_json(fact: Planted) -> dict[str, object]:
    """Return a planted conversation as plain values."""
    return asdict(fact)


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
