from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.chat import ChatMessage, ChatRequest
from gpu.pool.prefix import BLOCK_CHARACTERS, CacheSize, Held, PrefixIndex, Sent, blocks_of, rank


def prompt(*contents: str) -> ChatRequest:
    return ChatRequest(messages=tuple(ChatMessage(role="user", content=content) for content in contents))


def sent(request: ChatRequest, *, epoch: int = 0, computed: int = 0) -> Sent:
    return Sent(epoch, blocks_of(request), computed)


LONG = "".join(f"{n:08d}" for n in range(1024))  # eight blocks


def test_a_prompt_that_grew_holds_all_of_what_it_was():
    index = PrefixIndex(10)
    index.sent("c", "a", sent(prompt("system", LONG)))

    held = index.held("c", "a", sent(prompt("system", LONG + LONG), computed=500))

    assert held == Held(characters=8 * BLOCK_CHARACTERS, since=500)


def test_a_change_at_the_beginning_voids_all_that_follows():
    index = PrefixIndex(10)
    index.sent("c", "a", sent(prompt("system", LONG)))

    assert index.held("c", "a", sent(prompt("System", LONG))).characters == 0
    assert index.held("c", "a", sent(prompt("system", "x" + LONG))).characters == 0


def test_another_channel_another_node_or_another_life_holds_nothing():
    index = PrefixIndex(10)
    index.sent("c", "a", sent(prompt(LONG)))

    assert index.held("d", "a", sent(prompt(LONG))).characters == 0
    assert index.held("c", "b", sent(prompt(LONG))).characters == 0
    assert index.held("c", "a", sent(prompt(LONG), epoch=1)).characters == 0


@given(st.lists(st.integers(0, 30), max_size=100))
def test_the_index_never_holds_more_than_its_size(channels: list[int]):
    index = PrefixIndex(5)
    for channel in channels:
        index.sent(str(channel), "a", sent(prompt(LONG)))

    last = list(dict.fromkeys(reversed(channels)))
    assert len(index) == min(5, len(last))
    assert all(index.held(str(c), "a", sent(prompt(LONG))).characters for c in last[:5])
    assert not any(index.held(str(c), "a", sent(prompt(LONG))).characters for c in last[5:])


def test_a_cache_is_endless_until_a_node_that_reports_has_forgotten():
    cache = CacheSize()
    cache.learn(4000, 90_000, 0)  # a server that reports no cached tokens says nothing by it
    silent = cache.has(Held(characters=1, since=10**9))

    cache.learn(4000, 50_000, 4000)
    cache.learn(4000, 90_000, 700)

    assert silent
    assert cache.has(Held(characters=1, since=90_000))
    assert not cache.has(Held(characters=1, since=90_001))


def test_a_cache_that_held_longer_than_believed_is_believed_again():
    cache = CacheSize()
    cache.learn(4000, 1, 4000)
    cache.learn(4000, 1000, 0)

    cache.learn(4000, 2000, 4000)

    assert cache.has(Held(characters=1, since=2100))


def test_a_lost_node_moves_only_its_own_channels():
    nodes = [f"http://node-{n}" for n in range(5)]
    channels = [f"C{n}" for n in range(500)]

    def homes(among: list[str]) -> list[str]:
        return [max(among, key=lambda node: rank(channel, node)) for channel in channels]

    before, after = homes(nodes), homes(nodes[:-1])

    assert all(a == b for b, a in zip(before, after, strict=True) if b != nodes[-1])
    assert max(before.count(node) for node in nodes) < 1.4 * len(channels) / len(nodes)
