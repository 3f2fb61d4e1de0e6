"""Two real vLLM nodes in one pool, and one of them killed or frozen in the middle of many streams.

    python -m benchmarks.vllm_chaos [--streams 50] [--deadline 60] [--rounds calm kill freeze]

Half of the streams are plain text, half JSON by a schema whose ids are an enum. A first round harms nobody: its
answers are what the others are compared with (`calm` shows that they are the same every time). `kill` sends SIGKILL to
the whole process group of the node with more in flight once a third of all text was said, and starts it again when the
streams have ended; `freeze` sends SIGSTOP, and SIGCONT when they have ended. A stream ends

  complete    with finish, all its tokens, valid JSON, no text said twice
  refused     by a ModelUnavailable (which the summarizer turns into a summary marked as degraded)
  broken      in any other way: half an answer, a repeat, JSON that does not hold, an error of another kind
  hung        not at all within two seconds after its deadline

The exit status is 1 if a stream is broken or hung, or a breaker did not open and close again.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, cast

import orjson

from benchmarks.vllm_nodes import NAME, VllmNode, vllm_nodes
from core.chat import ChatMessage, ChatRequest, FinishReason, Json, Usage
from core.errors import CatchupError, ModelUnavailable
from gpu.pool.events import PoolEvent
from gpu.pool.pool import PooledChatModel

TOKENS: Final = 400
IDS: Final = tuple(f"m{number:03d}" for number in range(100))
CITED: Final = 60
GRACE_S: Final = 2.0
REPEAT: Final = 12
MIDDLE: Final = 1 / 3
BACK_S: Final = 120.0
FAULTS: Final = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}
SCHEMA: Final[Mapping[str, Json]] = {
    "type": "object",
    "properties": {
        "ids": {
            "type": "array",
            "items": {"type": "string", "enum": list(IDS)},
            "minItems": CITED,
            "maxItems": CITED,
        }
    },
    "required": ["ids"],
    "additionalProperties": False,
}


@dataclass(slots=True)
class Stream:
    """One stream and what became of it; `late_s` is how long after its deadline it ended, negative before it."""

    number: int
    schema: bool
    text: str = ""
    restarts: int = 0
    finish: FinishReason | None = None
    usage: Usage | None = None
    error: str = ""
    fate: str = "hung"
    late_s: float = 0.0


@dataclass(slots=True)
class Diary:
    """What the pool told, and the states of the nodes over time, in seconds since `began`."""

    began: float = field(default_factory=time.monotonic)
    events: Counter[str] = field(default_factory=Counter[str])
    states: list[tuple[float, tuple[str, ...]]] = field(default_factory=list[tuple[float, tuple[str, ...]]])
    notes: list[str] = field(default_factory=list[str])

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def heard(self, event: PoolEvent) -> None:
        """Count an event."""
        self.events[f"{event.kind.value} {event.detail}".strip()] += 1

    def note(self, text: str) -> None:
        """Write down when something was done."""
        self.notes.append(f"{self.now:.1f} s {text}")

    async def watch(self, pool: PooledChatModel) -> None:
        """Write down each change of the nodes' states, until cancelled."""
        while True:
            states = tuple(report.state for report in pool.report())
            if not self.states or self.states[-1][1] != states:
                self.states.append((self.now, states))
            await asyncio.sleep(0.02)


def request_of(stream: Stream, deadline_s: float) -> ChatRequest:
    """Return what is asked: long enough to be in the middle when a node goes."""
    content = f"Channel {stream.number}: " + "the deploy failed and we rolled it back. " * 12
    return ChatRequest(
        messages=(ChatMessage(role="user", content=content),),
        max_tokens=3 * TOKENS if stream.schema else TOKENS,
        schema=SCHEMA if stream.schema else None,
        deadline_s=deadline_s,
        affinity=f"channel-{stream.number}",
    )


async def follow(pool: PooledChatModel, stream: Stream, deadline_s: float) -> None:
    """Read one stream to its end, whatever that is."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(deadline_s + GRACE_S):
            await _read(pool, stream, deadline_s)
        stream.fate = "complete"
    except TimeoutError:
        stream.fate = "hung"
    except ModelUnavailable as error:
        stream.fate, stream.error = "refused", type(error).__name__
    except CatchupError as error:
        stream.fate, stream.error = "broken", type(error).__name__
    stream.late_s = time.monotonic() - began - deadline_s


async def _read(pool: PooledChatModel, stream: Stream, deadline_s: float) -> None:
    async with aclosing(pool.stream(request_of(stream, deadline_s))) as deltas:
        async for delta in deltas:
            if delta.restart:
                stream.text = ""
                stream.restarts += 1
            stream.text += delta.text
            stream.finish, stream.usage = delta.finish or stream.finish, delta.usage or stream.usage


def flaw_of(stream: Stream, undisturbed: str) -> str:
    """Return what is wrong with a stream that ended without an error, empty if nothing is."""
    if stream.finish not in ("stop", "length") or stream.usage is None:
        return f"finish {stream.finish}"
    if stream.schema:
        return _flaw_of_json(stream.text)
    if stream.usage.completion_tokens != TOKENS:
        return f"{stream.usage.completion_tokens} tokens"
    return "said twice" if repeats(stream.text, undisturbed) else ""


def _flaw_of_json(text: str) -> str:
    try:
        ids = cast("dict[str, list[str]]", orjson.loads(text))["ids"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "no JSON of the schema"
    return "" if len(ids) == CITED and set(ids) <= set(IDS) else "other ids than the schema's"


def repeats(text: str, undisturbed: str) -> bool:
    """Return whether a text, where it leaves the undisturbed one, begins anew or says its last characters again."""
    same = next(
        (place for place, (a, b) in enumerate(zip(text, undisturbed, strict=False)) if a != b),
        min(len(text), len(undisturbed)),
    )
    after = text[same : same + REPEAT]
    if same < REPEAT or len(after) < REPEAT:
        return False
    return text.startswith(after) or any(
        text[same - back : same - back + REPEAT] == after for back in range(REPEAT, min(same, 3 * REPEAT))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What is sent to one of the nodes, once so many characters were said."""

    sign: signal.Signals
    nodes: Sequence[VllmNode]
    after: float


async def harmed(harm: Harm, pool: PooledChatModel, streams: Sequence[Stream], diary: Diary) -> VllmNode:
    """Once so many characters have been said, send the signal to the node with more in flight; return the node."""
    while sum(len(stream.text) for stream in streams) < harm.after:  # noqa: ASYNC110  the streams have no event for it
        await asyncio.sleep(0.005)
    books = [report.in_flight for report in pool.report()]
    victim = books.index(max(books))
    harm.nodes[victim].signal(harm.sign)
    diary.note(f"{harm.sign.name} to node {victim}, in flight {books}")
    return harm.nodes[victim]


async def brought_back(kind: str, node: VllmNode, pool: PooledChatModel, diary: Diary) -> None:
    """Bring the node back and ask small things until every breaker is closed, or it takes too long."""
    if kind == "kill":
        diary.note("started again")
        await asyncio.to_thread(node.start)
    else:
        node.signal(signal.SIGCONT)
    diary.note("the node is back")
    small = ChatRequest(messages=(ChatMessage(role="user", content="Say it."),), max_tokens=4)
    until = time.monotonic() + BACK_S
    while any(report.state != "up" for report in pool.report()) and time.monotonic() < until:
        async with aclosing(pool.stream(small)) as deltas:
            async for _ in deltas:
                pass
        await asyncio.sleep(0.05)


async def run_round(
    kind: str, nodes: Sequence[VllmNode], given: argparse.Namespace, enough: float = 0.0
) -> tuple[list[Stream], Diary]:
    """Return the streams of one round and what happened meanwhile; harm comes when so many characters were said."""
    diary = Diary()
    pool = PooledChatModel([node.url for node in nodes], NAME, hook=diary.heard)
    streams = [Stream(number, schema=number % 2 == 1) for number in range(given.streams)]
    watching = asyncio.create_task(diary.watch(pool))
    harming = None
    if kind in FAULTS:
        harm = Harm(sign=FAULTS[kind], nodes=nodes, after=enough)
        harming = asyncio.create_task(harmed(harm, pool, streams, diary))
    await asyncio.gather(*(follow(pool, stream, given.deadline) for stream in streams))
    diary.note("all streams ended")
    if harming is not None:
        await brought_back(kind, await harming, pool, diary)
        await asyncio.sleep(0.1)
    watching.cancel()
    await pool.close()
    return streams, diary


def judged(kind: str, streams: Sequence[Stream], diary: Diary, undisturbed: Mapping[int, str]) -> bool:
    """Print what became of the streams of a round; return whether that is as it should be."""
    for stream in streams:
        if stream.fate == "complete" and (
            flaw := flaw_of(stream, undisturbed.get(stream.number, stream.text))
        ):
            stream.fate, stream.error = "broken", flaw
    fates = Counter(stream.fate for stream in streams)
    plain = [stream for stream in streams if not stream.schema and stream.fate == "complete"]
    same = sum(stream.text == undisturbed.get(stream.number, stream.text) for stream in plain)
    print(
        f"\n{kind}: "
        + ", ".join(f"{fates[fate]} {fate}" for fate in ("complete", "refused", "broken", "hung"))
    )
    print(
        f"  begun anew {sum(stream.restarts > 0 for stream in streams)};", dict(sorted(diary.events.items()))
    )
    print(f"  plain answers as undisturbed, letter by letter: {same} of {len(plain)}")
    print(f"  latest end: {max(stream.late_s for stream in streams):+.1f} s from the deadline")
    if errors := Counter(stream.error for stream in streams if stream.error):
        print("  errors:", dict(errors))
    print("  " + "; ".join(diary.notes))
    print(
        "  nodes: " + "; ".join(f"{at:.1f} s {' '.join(states)}" for at, states in diary.states), flush=True
    )
    seen = [state for _, states in diary.states for state in states]
    returned = kind not in FAULTS or ("open" in seen and set(diary.states[-1][1]) == {"up"})
    return returned and not fates["broken"] and not fates["hung"]


async def chaos(nodes: Sequence[VllmNode], given: argparse.Namespace) -> bool:
    """Run the rounds; return whether all went as it should."""
    streams, diary = await run_round("calm", nodes, given)
    undisturbed = {stream.number: stream.text for stream in streams}
    well = judged("calm", streams, diary, undisturbed)
    enough = MIDDLE * sum(map(len, undisturbed.values()))
    for kind in given.rounds:
        streams, diary = await run_round(kind, nodes, given, enough)
        well = judged(kind, streams, diary, undisturbed) and well
    return well


def main() -> None:
    """Start the nodes and run the rounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--deadline", type=float, default=60.0, help="seconds for each stream")
    parser.add_argument("--rounds", nargs="+", default=["calm", "kill", "freeze"], choices=["calm", *FAULTS])
    given = parser.parse_args()
    print(f"{given.streams} streams, half with a schema, deadline {given.deadline:g} s")
    with vllm_nodes(2, "--max-num-seqs", "32") as nodes:
        well = asyncio.run(chaos(nodes, given))
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
