"""Our own books of what each node was asked and has not answered: exact, at once, where polled gauges lag."""

from __future__ import annotations


class Ledger:
    """One node's open work; every figure is the sum over open tickets, so it returns to 0 when they are closed.

    `queued_tokens`: uncached prompt tokens before their first token; `decode_tokens`: tokens that answers past
    their first token may still bring.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.queued_tokens = 0
        self.decode_tokens = 0

    def open(self, *, prefill: int, decode: int) -> Ticket:
        """Enter a request: uncached prompt tokens, and tokens its answer may have at most."""
        self.in_flight += 1
        self.queued_tokens += prefill
        return Ticket(self, prefill, decode)


class Ticket:
    """One request's entry."""

    __slots__ = ("_decode", "_ledger", "_open", "_prefill", "_started")

    def __init__(self, ledger: Ledger, prefill: int, decode: int) -> None:
        self._ledger = ledger
        self._prefill = prefill
        self._decode = decode
        self._started = False
        self._open = True

    def token(self) -> None:
        """Enter a token (or a chunk of them) of the answer; the first ends the prefill."""
        if not self._open:
            return
        if not self._started:
            self._started = True
            self._ledger.queued_tokens -= self._prefill
            self._ledger.decode_tokens += self._decode
        if self._decode > 0:
            self._decode -= 1
            self._ledger.decode_tokens -= 1

    def close(self) -> None:
        """Strike the entry; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        self._ledger.in_flight -= 1
        if self._started:
            self._ledger.decode_tokens -= self._decode
        else:
            self._ledger.queued_tokens -= self._prefill
