"""Where the time of a summary goes: reading the text, embedding it once, embedding it again, choosing and wording.

    python -m benchmarks.summary_latency [--messages 2000] [--hashing]

Messages are made from the hand-written sample conversations, repeated with numbers in them so that no two are alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from core.directory import Person
from core.embedding import Embedder, HashingEmbedder
from core.ids import ChannelId, MessageId, UserId, WorkspaceId
from gpu.embedder import MiniLmEmbedder
from gpu.embedding_cache import CachedEmbedder
from summarize.extractive import Extractive
from summarize.ground import Grounding
from summarize.material import Reading, prepare
from summarize.models import Detail, Message, Window
from summarize.names import Names

START = datetime(2026, 3, 2, tzinfo=UTC)
LINES = (
    "Which queue do we use for the meter events of depot {n}? The jobs table is at {n} rows.",
    "Partitioning is forty lines and a cron job. Let's not call it a system.",
    "Root cause of alert {n}: the restart drops every socket, and chargers reconnect without jitter.",
    "Decision: meter events of region {n} stay in Postgres, with daily partitions.",
    "I'll write the migration for depot {n} by Friday.",
    "p99 is {n} ms and falling. All depots are green again.",
    "nvm, depot {n} moves on Monday instead.",
    "Does anybody know whether firmware 3.{n} honours the Retry-After header?",
)


def window(count: int) -> tuple[Reading, Names]:
    """Return so many messages of twelve people, some in threads, two a minute."""
    people = [Person(id=UserId(f"U{n}"), handle=f"person{n}", display_name=f"Person {n}") for n in range(12)]
    found = [
        Message(
            id=MessageId(f"m{n:06d}"),
            workspace=WorkspaceId("bench"),
            channel=ChannelId("C"),
            author=people[(n * 7) % 12].id,
            at=START + timedelta(seconds=30 * n + (n // 40) * 7200),
            text=LINES[(n * 3 + n // 11) % len(LINES)].format(n=n),
            root=MessageId(f"m{n - n % 9:06d}") if n % 9 > 5 else None,
        )
        for n in range(count)
    ]
    until = found[-1].at + timedelta(seconds=1)
    return Reading(window=Window(since=START, until=until), found=found), Names(people, [])


def timed(reading: Reading, names: Names, embedder: Embedder) -> Sequence[float]:
    """Return the seconds of preparing, drafting and grounding."""
    start = time.perf_counter()
    material = prepare(reading, names)
    prepared = time.perf_counter()
    draft = Extractive(embedder).draft(material, Detail.STANDARD)
    drafted = time.perf_counter()
    grounding = Grounding(material)
    assert not [item for item in draft.items if grounding.fault(item)]
    return prepared - start, drafted - prepared, time.perf_counter() - drafted


def main() -> None:
    """Print a table: cold, then with every vector cached, then without a network at all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--hashing", action="store_true", help="leave MiniLM out")
    given = parser.parse_args()
    reading, names = window(given.messages)
    print(f"{given.messages} messages, seconds")
    print(f"{'':<18} {'clean+cues':>10} {'draft':>8} {'ground':>8}")
    rows: list[tuple[str, Embedder]] = [("hashing", HashingEmbedder())]
    if not given.hashing:
        cached = CachedEmbedder(MiniLmEmbedder())
        cached.embed(["warm"])
        rows += [("MiniLM, cold", cached), ("MiniLM, cached", cached)]
    for name, embedder in rows:
        cells = timed(reading, names, embedder)
        print(f"{name:<18} {cells[0]:10.2f} {cells[1]:8.2f} {cells[2]:8.3f}")


if __name__ == "__main__":
    main()
