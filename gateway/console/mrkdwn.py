"""Message text as HTML: Slack's mrkdwn, where every character is somebody else's until it is escaped.

Source of the format: Slack API, "Formatting message text" (tokens in angle brackets, `*bold*`, `_italic_`,
`~strike~`, code in backticks, quotes that begin a line with `>`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from gateway.console.emoji import glyph
from gateway.console.names import Names, plain

_FENCE = re.compile(r"```(.+?)```", re.DOTALL)
_QUOTE = re.compile(r"((?:^>[^\n]*(?:\n|\Z))+)", re.MULTILINE)
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<token>[^<>\s][^<>\n]*)>"
    r"|(?P<url>\bhttps?://[^\s<>\"'`]+)"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
    r"|:(?P<emoji>[a-z0-9_+'-]{1,64}):"
)
_WRAPPED = {"bold": "strong", "italic": "em", "strike": "s"}
_SAFE_SCHEMES = frozenset({"http", "https", "mailto"})
_CALLS = {"here": "@here", "channel": "@channel", "everyone": "@everyone"}
_URL_TAIL = ".,;:!?)]}'*_~"


def render(text: str, names: Names) -> Markup:
    """Return a message as HTML: code blocks, quotes and paragraphs with everything of `inline` in them."""
    return _split(_FENCE, plain(text), lambda code: _block(code), lambda rest: _prose(rest, names))


def inline(text: str, names: Names) -> Markup:
    """Return one line of HTML: mentions by name, safe external links, bold, italic, strike, code, emoji.

    Links other than http, https and mailto are shown, not linked. A label that differs from its link's host is
    followed by the host, so that nobody is led elsewhere. Control characters that reorder text are removed.
    """
    return _inline(plain(text), names)


def _split(pattern: re.Pattern[str], text: str, inside, outside) -> Markup:  # noqa: ANN001  two small callables
    parts: list[Markup] = []
    end = 0
    for match in pattern.finditer(text):
        parts += [outside(text[end : match.start()]), inside(match[1])]
        end = match.end()
    return _joined([*parts, outside(text[end:])])
