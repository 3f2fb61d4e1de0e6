from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpu.pool.ledger import Ledger, Ticket

SIZES = st.tuples(st.integers(0, 10_000), st.integers(0, 500))
STEPS = st.lists(
    st.tuples(st.sampled_from(["open", "token", "close"]), st.integers(0, 30), SIZES), max_size=80
)


@given(STEPS)
def test_the_books_are_the_sum_of_what_is_open_and_return_to_0_whatever_the_order(
    steps: list[tuple[str, int, tuple[int, int]]],
):
    ledger = Ledger()
    tickets: list[Ticket] = []

    for step, which, (prefill, decode) in steps:
        if step == "open":
            tickets.append(ledger.open(prefill=prefill, decode=decode))
        elif tickets:
            getattr(tickets[which % len(tickets)], step)()
        assert min(ledger.in_flight, ledger.queued_tokens, ledger.decode_tokens) >= 0
    for ticket in tickets:
        ticket.close()

    assert (ledger.in_flight, ledger.queued_tokens, ledger.decode_tokens) == (0, 0, 0)


def test_the_first_token_ends_the_prefill_and_each_lowers_what_is_to_come():
    ledger = Ledger()
    ticket = ledger.open(prefill=100, decode=10)
    before = (ledger.in_flight, ledger.queued_tokens, ledger.decode_tokens)

    ticket.token()
    ticket.token()

    assert before == (1, 100, 0)
    assert (ledger.in_flight, ledger.queued_tokens, ledger.decode_tokens) == (1, 0, 8)
