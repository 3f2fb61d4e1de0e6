from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from core.chat import ChatDelta, TokenLogprob, Usage
from core.errors import ModelUnavailable
from gpu.pool.coalesce import coalesced

USAGE = Usage(prompt_tokens=1, completion_tokens=2)
END = ChatDelta(text="", finish="stop", usage=USAGE)


class Source:
    """Yields deltas with pauses before them, then raises an error if there is one; remembers being closed."""

    def __init__(self, deltas: Sequence[tuple[float, ChatDelta]], error: Exception | None = None) -> None:
        self._deltas = deltas
        self._error = error
        self.closed = False

    async def stream(self) -> AsyncGenerator[ChatDelta, None]:
        try:
            for pause, delta in self._deltas:
                await asyncio.sleep(pause)
                yield delta
            if self._error:
                raise self._error
        finally:
            self.closed = True


def said(*texts: str, pause: float = 0.0) -> list[tuple[float, ChatDelta]]:
    return [(pause, ChatDelta(text=text)) for text in texts]


async def test_many_pieces_become_few_and_say_the_same():
    source = Source([*said(*"abcdefghij", pause=0.005), (0.0, END)])

    deltas = [delta async for delta in coalesced(source.stream(), 0.03)]

    assert "".join(delta.text for delta in deltas) == "abcdefghij"
    assert len(deltas) < 7
    assert (deltas[-1].finish, deltas[-1].usage) == ("stop", USAGE)


async def test_the_first_piece_does_not_wait():
    stream = coalesced(Source([*said("a"), *said("b", pause=5)]).stream(), 1.0)

    async with asyncio.timeout(0.5):
        first = await anext(stream)
    await stream.aclose()

    assert first.text == "a"


async def test_the_end_does_not_wait_for_the_window():
    source = Source([*said("a", "b"), *said("c", pause=0.02), (0.0, END)])

    async with asyncio.timeout(1):
        texts = [delta.text async for delta in coalesced(source.stream(), 30)]

    assert "".join(texts) == "abc"


async def test_a_restart_is_never_joined_to_what_it_voids():
    deltas = [*said("a", "b"), (0.0, ChatDelta(text="", restart=True)), *said("c", "d"), (0.0, END)]

    joined = [delta async for delta in coalesced(Source(deltas).stream(), 0.02)]

    at = next(n for n, delta in enumerate(joined) if delta.restart)
    assert "".join(delta.text for delta in joined[:at]) == "ab"
    assert "".join(delta.text for delta in joined[at:]) == "cd"


async def test_logprobs_are_kept_in_order():
    deltas = [
        (0.0, ChatDelta(text=text, logprobs=(TokenLogprob(token=text, logprob=-1.0),))) for text in "abcd"
    ]

    joined = [delta async for delta in coalesced(Source([*deltas, (0.0, END)]).stream(), 0.02)]

    assert [each.token for delta in joined for each in delta.logprobs] == list("abcd")


async def test_an_error_comes_after_what_came_before_it():
    stream = coalesced(Source(said("a", "b"), ModelUnavailable("gone")).stream(), 0.02)
    texts: list[str] = []

    async def read() -> None:
        async for delta in stream:
            texts.append(delta.text)

    with pytest.raises(ModelUnavailable, match="gone"):
        await read()

    assert "".join(texts) == "ab"


async def test_closing_it_closes_the_stream():
    source = Source([*said("a"), *said("b", pause=30)])
    stream = coalesced(source.stream(), 0.02)
    await anext(stream)

    await stream.aclose()

    assert source.closed
