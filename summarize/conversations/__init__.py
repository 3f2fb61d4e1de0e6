"""Which message replies to which, and so which conversations a stretch of talk is made of."""

from summarize.conversations.separate import separate

__all__ = ["separate"]
