"""Whose fault is it? Only a node's own failures open its breaker; a client's mistakes never do."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from core.errors import CatchupError, ModelRefused, ModelTimeout, ModelUnavailable

_CALLER: Final = frozenset({400, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431})
_BUSY: Final = 429


class Fault(StrEnum):
    """Whose fault, and so what to do.

    NODE: its breaker counts it. BUSY: it is left alone for a while. ELSEWHERE: another node may do better, and none
    is blamed. CALLER: no node would do better.
    """

    NODE = "node"
    BUSY = "busy"
    ELSEWHERE = "elsewhere"
    CALLER = "caller"


def fault_of(error: CatchupError) -> Fault:
    """Return whose fault an error is; a deadline that passed is the caller's, a silence the node's."""
    if isinstance(error, ModelRefused):
        return _of_status(error.status)
    if isinstance(error, ModelTimeout):
        return Fault.NODE if error.stalled else Fault.CALLER
    return Fault.NODE if isinstance(error, ModelUnavailable) else Fault.CALLER


def reason_of(error: CatchupError) -> str:
    """Return an error's cause in a word, fit for a metric's label."""
    if isinstance(error, ModelRefused):
        return str(error.status)
    if isinstance(error, ModelTimeout):
        return "silent" if error.stalled else "deadline"
    return "connection"


def _of_status(status: int) -> Fault:
    if status == _BUSY:
        return Fault.BUSY
    if status in _CALLER:
        return Fault.CALLER
    return Fault.NODE if status >= 500 else Fault.ELSEWHERE
