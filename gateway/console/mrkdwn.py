"""Message text as HTML: Slack's mrkdwn, where every character is somebody else's until it is escaped.

Source of the format: Slack API, "Formatting message text" (tokens in angle brackets, `*bold*`, `_italic_`,
`~strike~`, code in backticks, quotes that begin a line with `>`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from gateway.console.emoji import glyph
from gateway.console.names import Names, plain

_FENCE = re.compile(r"```\n?(.+?)```\n?", re.DOTALL)
_QUOTE = re.compile(r"((?:^>[^\n]*(?:\n|\Z))+)", re.MULTILINE)
_BLANK = re.compile(r"\n\s*\n")
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<token>[^<>\s][^<>\n]*)>"
    r"|(?P<url>\bhttps?://[^\s<>\"'`|]+)"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
    r"|(?<![\w:]):(?P<emoji>[a-z0-9_+'-]{1,64}(?:::skin-tone-\d)?):"
)
_WRAPPED = {"bold": "strong", "italic": "em", "strike": "s"}
_SCHEMES = frozenset({"http", "https", "mailto"})
_CALLS = frozenset({"here", "channel", "everyone"})
_TAIL = ".,;:!?)]}'*_~"


def render(text: str, names: Names) -> Markup:
    """Return a message as HTML: code blocks, quotes and paragraphs, and in them everything of `inline`."""
    return _alternate(
        _FENCE.split(plain(text)),
        lambda prose: _quotes(prose, names),
        lambda code: Markup("<pre><code>{}</code></pre>").format(code.strip("\n")),
    )


def inline(text: str, names: Names) -> Markup:
    """Return one line of HTML: mentions by name, safe external links, bold, italic, strike, code, emoji.

    Links other than http, https and mailto are shown, not linked. A label that does not tell where its link leads
    is followed by the host. Characters that reorder text are removed.
    """
    return _spans(" ".join(plain(text).replace("```", "`").split()), names)


def _alternate(parts: list[str], outside: Callable[[str], Markup], inside: Callable[[str], Markup]) -> Markup:
    rendered = [inside(part) if index % 2 else outside(part) for index, part in enumerate(parts)]
    return _joined(rendered)


def _quotes(prose: str, names: Names) -> Markup:
    return _alternate(
        _QUOTE.split(prose), lambda rest: _paragraphs(rest, names), lambda quote: _quote(quote, names)
    )


def _quote(lines: str, names: Names) -> Markup:
    inner = re.sub(r"^> ?", "", lines.rstrip("\n"), flags=re.MULTILINE)
    return Markup("<blockquote>{}</blockquote>").format(_paragraphs(inner, names))


def _paragraphs(text: str, names: Names) -> Markup:
    paragraphs = [part.strip("\n") for part in _BLANK.split(text) if part.strip()]
    return _joined(Markup("<p>{}</p>").format(_lines(part, names)) for part in paragraphs)


def _lines(text: str, names: Names) -> Markup:
    return Markup("<br>").join(_spans(line, names) for line in text.split("\n"))


def _spans(text: str, names: Names) -> Markup:
    """Styles nest at most three deep: what is inside a style cannot contain its own sign."""
    parts: list[Markup] = []
    end = 0
    for match in _INLINE.finditer(text):
        parts += [escape(text[end : match.start()]), _span(match, names)]
        end = match.end()
    return _joined([*parts, escape(text[end:])])


def _span(match: re.Match[str], names: Names) -> Markup:
    kind, value = match.lastgroup or "", match[match.lastgroup or 0]
    if kind == "code":
        return Markup("<code>{}</code>").format(value)
    if kind == "token":
        return _token(value, names)
    if kind == "url":
        kept = value.rstrip(_TAIL)
        return _link(kept, "") + value[len(kept) :]
    if kind == "emoji":
        return Markup('<span class="emoji" title=":{}:">{}</span>').format(value, glyph(value))
    tag = Markup(_WRAPPED[kind])  # noqa: S704  ours: one of three constants
    return Markup("<{0}>{1}</{0}>").format(tag, _spans(value, names))


def _token(token: str, names: Names) -> Markup:
    target, _, label = token.partition("|")
    sign, rest = target[0], target[1:]
    if sign == "@":
        return Markup('<span class="mention">@{}</span>').format(names.who(rest).name)
    if sign == "#":
        return Markup('<span class="mention">{}</span>').format(names.channel(rest, label))
    if sign == "!":
        return _call(rest, label)
    return _link(target, label) if _is_safe(target) else escape(f"<{token}>")


def _call(name: str, label: str) -> Markup:
    if name.partition("^")[0] in {"subteam", "date"}:
        return Markup('<span class="mention">{}</span>').format(label or f"@{name.partition('^')[2]}")
    sign = "@" if name in _CALLS else "!"
    return Markup('<span class="mention call">{}{}</span>').format(sign, name)


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() in _SCHEMES and bool(parts.netloc or parts.scheme.lower() == "mailto")


def _link(url: str, label: str) -> Markup:
    if not _is_safe(url):
        return escape(url)
    bare = re.sub(r"^(?:https?://|mailto:)", "", url, flags=re.IGNORECASE)
    return Markup('<a href="{}" rel="noopener nofollow noreferrer" target="_blank">{}</a>{}').format(
        url, label or bare, _whereto(url, label)
    )


def _whereto(url: str, label: str) -> Markup:
    """Return the host in brackets where the label, or a name before an `@`, could make one think of another."""
    place = urlsplit(url).netloc
    host = place.rpartition("@")[2]
    told = re.sub(r"^https?://", "", label, flags=re.IGNORECASE).startswith(host) if label else place == host
    return Markup("") if told else Markup(' <span class="host">({})</span>').format(host)


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
