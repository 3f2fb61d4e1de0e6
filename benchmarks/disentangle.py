"""How well and how fast interleaved talk is separated: the published measures over a folder of annotated IRC logs.

    python -m benchmarks.disentangle DIR                 # DIR holds NAME.ascii.txt and NAME.annotation.txt
    python -m benchmarks.disentangle DIR --model FILE    # a model of your own: catchup train conversations

Layout and measures as in Kummerfeld et al. 2019 (https://aclanthology.org/P19-1374); the published rows are theirs, on
their test part, so only a DIR with that part compares like with like. Speed: messages linked
in a second of processor time, one thread on one core, from parsed messages to links, those before the annotated part
included; the best of three rounds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from threadpoolctl import threadpool_limits

from summarize.conversations.evaluate import in_lines, own_or_named, previous
from summarize.conversations.irc import Log, read_logs
from summarize.conversations.measures import Tally
from summarize.conversations.model import SHIPPED, Linker, load
from summarize.conversations.talk import Utterance

PUBLISHED = {
    "published: Elsner 2008": (None, 51.4, 82.1, 15.5),
    "published: Lowe 2017": (None, 53.7, 80.6, 8.9),
    "published: linear": (None, 69.5, 88.9, 21.8),
    "published: feed-forward": (72.3, 75.6, 91.3, 36.2),
    "published: vote of ten": (73.5, 76.0, 91.5, 38.0),
}
"""On the test part: link F1, one-to-one, VI, exact F1."""

Method = Callable[[Sequence[Utterance]], Sequence[int]]
ROUNDS = 3


def main() -> None:
    """Print a row a method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="metadata of a model; the shipped one")
    given = parser.parse_args()
    logs = read_logs(given.folder)
    methods = methods_of(load(given.model))
    annotated, said = sum(len(log.links) for log in logs), sum(len(log.utterances) for log in logs)
    print(
        f"{len(logs)} logs, {said:,} messages, {annotated:,} annotated lines (what the server says included)\n"
    )
    print(f"{'':<28} {'link P':>7} {'link R':>7} {'link F1':>8} {'1-1':>6} {'VI':>6}", end="")
    print(f" {'exact P':>8} {'exact R':>8} {'exact F1':>9} {'messages/s':>11}")
    with one_core(), threadpool_limits(1):
        for name, method in methods.items():
            print(row(name, logs, method), flush=True)
    for name, (link, one, vi, exact) in PUBLISHED.items():
        f1 = f"{link:8.1f}" if link is not None else f"{'':>8}"
        print(f"{name:<28} {'':>7} {'':>7} {f1} {one:6.1f} {vi:6.1f} {'':>8} {'':>8} {exact:9.1f}")


def methods_of(linker: Linker) -> Mapping[str, Method]:
    """Return what is measured: the model, and rules to hold it against."""
    return {
        "Catchup": lambda utterances: linker.link(utterances).link.tolist(),
        "baseline: previous message": previous,
        "baseline: named or own last": own_or_named,
    }


def row(name: str, logs: Sequence[Log], method: Method) -> str:
    """Return a method's measures and speed as a line."""
    tally, fastest = Tally(), float("inf")
    for turn in range(ROUNDS):
        begun = time.process_time()
        links = [method(log.utterances) for log in logs]
        fastest = min(fastest, time.process_time() - begun)
        if turn == 0:
            for log, link in zip(logs, links, strict=True):
                tally.add(log.links, in_lines(log, link))
    m = tally.measures()
    rate = sum(len(log.utterances) for log in logs) / fastest
    return (
        f"{name:<28} {m.link_precision:7.2f} {m.link_recall:7.2f} {m.link_f1:8.2f} {m.one_to_one:6.2f} {m.vi:6.2f}"
        f" {m.exact_precision:8.2f} {m.exact_recall:8.2f} {m.exact_f1:9.2f} {rate:11,.0f}"
    )


@contextmanager
def one_core() -> Generator[None]:
    """Keep this process on one core, where the system lets it."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()
    if before:
        os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)


if __name__ == "__main__":
    main()
