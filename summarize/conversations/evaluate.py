"""Links held against annotations, and the rules that a model has to beat."""

from __future__ import annotations

from collections.abc import Sequence

from summarize.conversations.irc import Log
from summarize.conversations.measures import Measures, Tally
from summarize.conversations.model import Linker
from summarize.conversations.talk import Utterance


def evaluate(linker: Linker, logs: Sequence[Log]) -> Measures:
    """Return the published measures of a model over annotated logs. Raises ZeroDivisionError if there are none."""
    tally = Tally()
    for log in logs:
        tally.add(log.links, in_lines(log, linker.link(log.utterances).link.tolist()))
    return tally.measures()


def in_lines(log: Log, link: Sequence[int]) -> dict[int, tuple[int]]:
    """Return links by line of a log from links by utterance; what the server says starts a conversation of its own."""
    said = {line: log.lines[to] for line, to in zip(log.lines, link, strict=True) if line in log.links}
    return {line: (said.get(line, line),) for line in log.links}


def previous(utterances: Sequence[Utterance]) -> list[int]:
    """Link every message to the one before it."""
    return [max(0, at - 1) for at in range(len(utterances))]


def own_or_named(utterances: Sequence[Utterance]) -> list[int]:
    """Link a message to the last one of whom it is directed at, else of its author, else to itself."""
    last: dict[str, int] = {}
    links: list[int] = []
    for at, one in enumerate(utterances):
        named = next((last[name] for name in one.named if name in last), None)
        links.append(last.get(one.author, at) if named is None else named)
        last[one.author] = at
    return links
