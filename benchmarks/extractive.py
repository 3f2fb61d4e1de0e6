"""ROUGE of the embedded engine on DialogSum beside LEAD-3 and LONGEST-3, in the same run.

    python -m benchmarks.extractive ../shared/data/eval/dialogsum            # dev: the part to tune on
    python -m benchmarks.extractive ../shared/data/eval/dialogsum --part test

rouge-score with stemming, mean over references; speaker tags kept, for references have them too.

No parameter of the engine is fitted to this corpus, whose licence (non-commercial) would not allow to ship what is
learned from it. But a few round values were chosen by scoring the dev part, some 45 settings in all: a brief of one
short talk is three sentences or 28 words, whichever is less; closeness to the middle of the talk weighs twice as much
as standing first; each sentence is told as a report ("Person1 asks whether …"). So dev is a little optimistic. The test
part was not looked at.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from rouge_score.rouge_scorer import RougeScorer

from core.directory import Person
from core.embedding import Embedder
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from gpu.embedder import MiniLmEmbedder
from summarize.extractive import Extractive
from summarize.material import Reading, prepare
from summarize.models import Detail, Message, Window
from summarize.names import Names

METRICS = ("rouge1", "rouge2", "rougeL")
START = datetime(2026, 1, 1, tzinfo=UTC)
Summarize = Callable[[Sequence[str]], str]


def lead(turns: Sequence[str]) -> str:
    """The first three utterances."""
    return " ".join(turns[:3])


def longest(turns: Sequence[str]) -> str:
    """The three longest utterances, in order."""
    chosen = sorted(sorted(range(len(turns)), key=lambda i: -len(turns[i].split()))[:3])
    return " ".join(turns[i] for i in chosen)


def engine(embedder: Embedder, detail: Detail) -> Summarize:
    """The embedded engine, given each dialogue as a window of a channel, its items in the order of events."""
    extractive = Extractive(embedder)

    def summarize(turns: Sequence[str]) -> str:
        messages = [_message(i, turn) for i, turn in enumerate(turns)]
        authors = dict.fromkeys(m.author for m in messages)
        names = Names(
            [Person(id=a, handle=a, display_name=f"Person{n}") for n, a in enumerate(authors, 1)], []
        )
        window = Window(since=START, until=START + timedelta(days=1))
        draft = extractive.draft(prepare(Reading(window=window, found=messages), names), detail)
        order = {m.id: i for i, m in enumerate(messages)}
        items = sorted(draft.items, key=lambda item: order[item.citations[0]])
        return " ".join(item.text for item in items) or lead(turns)

    return summarize


def _message(index: int, turn: str) -> Message:
    speaker, _, text = turn.partition(":")
    return Message(
        id=MessageId(f"m{index:03d}"),
        workspace=WorkspaceId("dialogsum"),
        channel=ChannelId("dialogue"),
        author=UserId(speaker.strip("# ")),
        at=START + timedelta(seconds=20 * index),
        text=text.strip().replace(" ' ", "'"),
    )


def references(case: dict[str, Any]) -> list[str]:
    """Return one reference (dev) or three (test)."""
    return [case[key] for key in ("summary", "summary1", "summary2", "summary3") if key in case]


def score(name: str, summarize: Summarize, cases: Sequence[dict[str, Any]]) -> None:
    """Print a row of the table."""
    scorer = RougeScorer(METRICS, use_stemmer=True)
    start = time.perf_counter()
    talks = [[line for line in case["dialogue"].split("\n") if line.strip()] for case in cases]
    answers = [summarize(talk) for talk in talks]
    seconds = time.perf_counter() - start
    rows = [
        np.mean([[scorer.score(r, a)[m].fmeasure for m in METRICS] for r in references(case)], axis=0)
        for case, a in zip(cases, answers, strict=True)
    ]
    means = 100 * np.mean(rows, axis=0)
    error = 196 * np.std([row[0] for row in rows]) / np.sqrt(len(rows))
    words = np.mean([len(a.split()) for a in answers])
    print(
        f"{name:<22} {means[0]:6.2f} ±{error:4.2f} {means[1]:8.2f} {means[2]:8.2f} {words:8.1f} "
        f"{1000 * seconds / len(cases):10.2f} {sum(map(len, talks)) / seconds:10.0f}"
    )


def main() -> None:
    """Score every summarizer on one part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder with dialogsum.dev.jsonl")
    parser.add_argument("--part", default="dev", choices=["dev", "test"])
    parser.add_argument("--limit", type=int, default=None, help="only the first so many dialogues")
    given = parser.parse_args()
    file = given.folder / f"dialogsum.{given.part}.jsonl"
    if not file.is_file():
        sys.exit(f"{file} is not there: give the folder that holds it.")
    cases = [orjson.loads(line) for line in file.read_bytes().splitlines() if line][: given.limit]
    print(f"DialogSum {given.part}, {len(cases)} dialogues")
    print(
        f"{'':<22} {'ROUGE-1':>12} {'ROUGE-2':>8} {'ROUGE-L':>8} {'words':>8} {'ms/dialogue':>10} {'messages/s':>10}"
    )
    score("LEAD-3", lead, cases)
    score("LONGEST-3", longest, cases)
    embedder = MiniLmEmbedder()
    for detail in (Detail.BRIEF, Detail.STANDARD):
        score(f"catchup {detail}", engine(embedder, detail), cases)


if __name__ == "__main__":
    main()
