"""Marking message text as data on its way into a prompt, and telling whether a prompt's own words come out.

Each data line begins with a marker that nobody who writes in the channel can know, so that no text can pass for a
line of its own (Hines et al. 2024, "Defending Against Indirect Prompt Injection Attacks With Spotlighting"). The
marker is one for a channel, not for a request: prompts of the same channel share their prefix in the model's cache.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence

from core.ids import ChannelId, WorkspaceId
from summarize.guard import normalise

_MARKER_LENGTH = 8
_CANARY_LENGTH = 16
_LEAK = 10  # characters of a canary that are no coincidence
_ESCAPED = re.compile(r"[<>&\u0000-\u001f\u007f\u0085\u2028\u2029]")
_BRACKETED = re.compile(
    r"\[(?=/?(?:INST|SYS|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS)|SYSTEM_PROMPT)\b)", re.IGNORECASE
)
_TURN = re.compile(r"#(?=#+\s*(?:system|user|assistant|instructions?|response)\b)", re.IGNORECASE)


def marker(workspace: WorkspaceId, channel: ChannelId, secret: bytes) -> str:
    """Return eight letters and digits, the same for a channel as long as the secret is; nobody can guess them."""
    digest = hmac.new(secret, f"marker\0{workspace}\0{channel}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest)[:_MARKER_LENGTH].decode().lower()


def mark(lines: Sequence[str], marker: str) -> list[str]:
    """Return data lines, one JSON object each, with the marker at their heads and nowhere else.

    Line breaks, angle brackets and the heads of chat-template tokens become JSON escapes: the value stays the same,
    no token of a template is left in the text.
    """
    unmarked = re.compile(re.escape(marker), re.IGNORECASE)
    return [f"{marker} {_escaped(unmarked.sub('', _unhidden(line)))}" for line in lines]


def datamarked(text: str, marker: str) -> str:
    """Return text with the marker in place of the blanks between its words; costs about two tokens a word."""
    return marker.join(re.sub(re.escape(marker), "", text, flags=re.IGNORECASE).split())


def canary(secret: bytes) -> str:
    """Return a word for the system prompt that stands nowhere else: an answer that holds it tells the prompt."""
    digest = hmac.new(secret, b"canary", hashlib.sha256).digest()
    return base64.b32encode(digest)[:_CANARY_LENGTH].decode().lower()


def leaks(text: str, canary: str) -> bool:
    """Tell whether a text holds a canary or most of it: as it is, spaced, reversed, rot13, in hex or base64."""
    if not canary:
        return False
    dense = re.sub(r"[\W_]", "", normalise(text)).casefold()
    if any(part in dense for form in _plain_forms(canary) for part in _parts(form)):
        return True
    coded = re.sub(r"[^A-Za-z0-9+/_-]", "", text).replace("-", "+").replace("_", "/")
    return any(form in coded for form in _base64_forms(canary))


def _unhidden(line: str) -> str:
    return normalise(line)


def _escaped(line: str) -> str:
    line = _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", line)
    return _TURN.sub(r"\\u0023", _BRACKETED.sub(r"\\u005b", line))


def _plain_forms(canary: str) -> Iterator[str]:
    yield canary
    yield canary[::-1]
    yield codecs.encode(canary, "rot13")
    yield canary.encode().hex()


def _parts(form: str) -> Iterator[str]:
    """Yield the stretches of a form of which one is enough."""
    length = _LEAK * len(form) // _CANARY_LENGTH if len(form) > _LEAK else len(form)
    for start in range(len(form) - length + 1):
        yield form[start : start + length]


def _base64_forms(canary: str) -> Iterator[str]:
    """Yield what base64 of a text holds of a canary within it, wherever it begins in a group of three bytes."""
    for word in (canary, canary.upper(), canary[::-1]):
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + word.encode()).decode()
            yield coded[4 * (shift > 0) : len(coded) - 4].rstrip("=")
