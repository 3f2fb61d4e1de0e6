from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.chat import ChatDelta, Usage
from gpu.pool.resume import Progress
from tests.gpu.pool.nodes import asked

TEXTS = st.lists(st.sampled_from(["a", "b ", " c", "\n", " ", "d"]), min_size=1, max_size=12)


@given(TEXTS, st.integers(1, 11))
def test_an_answer_resumed_from_the_trimmed_text_is_the_whole_answer(pieces: list[str], at: int):
    whole = "".join(pieces)
    progress = Progress(asked())
    shown = [progress.take(ChatDelta(text=piece)) for piece in pieces[:at]]
    if not progress.resumable:
        return
    progress.resume(at)
    sent = progress.request(1.0).messages[-1].content

    rest = [progress.take(ChatDelta(text=character)) for character in whole[len(sent) :]]

    assert "".join(delta.text for delta in [*shown, *rest] if delta) == whole


def test_the_next_request_ends_in_what_was_said_and_asks_for_the_tokens_that_are_left():
    progress = Progress(asked(max_tokens=100))
    progress.take(ChatDelta(text="Ship it on "))

    progress.resume(4)
    request = progress.request(2.5)

    assert (request.messages[-1].role, request.messages[-1].content) == ("assistant", "Ship it on")
    assert (request.max_tokens, request.deadline_s, progress.continuing) == (96, 2.5, True)


def test_usage_is_that_of_one_answer():
    progress = Progress(asked())
    progress.take(ChatDelta(text="Ship it"))
    progress.resume(2)

    usage = Usage(prompt_tokens=52, completion_tokens=3, cached_tokens=40)
    end = progress.take(ChatDelta(text="", finish="stop", usage=usage))

    assert end
    assert end.usage == Usage(prompt_tokens=50, completion_tokens=5, cached_tokens=40)


def test_an_answer_that_has_all_its_tokens_ends_by_length():
    progress = Progress(asked(max_tokens=3))
    progress.take(ChatDelta(text="one two three"))
    progress.resume(3)

    assert progress.full
    assert progress.ending(7) == ChatDelta(
        text="", finish="length", usage=Usage(prompt_tokens=7, completion_tokens=3)
    )


def test_nothing_but_blanks_is_nothing_to_go_on_with():
    progress = Progress(asked())
    progress.take(ChatDelta(text=" \n"))

    assert not progress.resumable
