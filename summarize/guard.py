"""Message text is data, never an instruction: cleaning on the way in, checking on the way out.

On the way in, what hides or disguises text is taken out (`normalise`), and what is addressed to a machine instead of
to people is told apart (`is_instruction`). On the way out, nothing that a chat client would follow, load or notify
survives (`defuse`): item text carries no links at all, only the mark ``(link)``; the message itself is one click away.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter

LINK_MARK = "(link)"
MARKS = re.compile(r"\((?:link|e-mail|secret|code)\)")
MOST_TEXT = 1200
"""Characters of an item; a longer text is a flood."""

_ROUNDS = 6  # of taking out what the last round has put together; then the characters it needs go as well
_ACTIVE = re.compile(r"[<>\[\]@:/\\!|.&]")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_JOINERS = re.compile("[\u200c\u200d]")
_LOOKALIKE = re.compile("[\uff01-\uff5e\uffe0-\uffe6\U0001d400-\U0001d7ff\ufb00-\ufb06\u2100-\u2138\u3000]")
_SIGNS = str.maketrans(
    {"\u2044": "/", "\u2215": "/", "\u29f8": "/", "\u2236": ":", "\ua789": ":", "\ufe55": ":", "\u2024": "."}
    | {"\ufe52": ".", "\uff61": ".", "\ufe6b": "@", "\ufe68": "\\", "\u29f5": "\\", "\ufe5f": "#"}
)
"""Signs that clients and browsers read as those of a link."""
_ENTITY = re.compile(
    r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|lt|gt|quot|colon|sol|bsol|period|commat|lpar|rpar|lsqb|rsqb|lbrack|rbrack|excl|num"
    r"|tab|newline);?",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"<\|[^|>\n]{0,40}\|>|<</?SYS>+|\[/?INST\]|</?(?:system|assistant|user|messages|untrusted|instructions?|s)(?:\s[^>\n]{0,40})?>"
    r"|<(?:start|end)_of_turn>|<[｜|][^｜|>\n]{0,40}[｜|]>|\[/?(?:AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"\b(?:xox[abeprs]-|xapp-|gh[pousr]_|github_pat_|sk-|pk_live_|sk_live_|rk_live_|AKIA|ASIA|AIza|eyJ|ck_|glpat-"
    r"|npm_|hf_|dop_v1_|shpat_)[\w./+=-]{8,}"
    r"|(?i:\b(?:password|passwd|secret|token|api[_-]?key)\b\s*[:=]\s*)[^\s`,;]+"
    r"|(?i:\b(?:password|passcode)\b is )(?=\S*\d)[^\s`,;]+"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\w+/=\s-]*"
)
_SECRET_SIGNS = (
    *("_", "xox", "xapp-", "sk-", "akia", "asia", "aiza", "eyj", "glpat-", "begin "),
    *("passw", "passc", "secret", "token", "api"),
)
"""Without one of these `_SECRET` cannot match."""

_NO_HOST = (
    r"(?!(?:js|jsx|ts|tsx|py|ya?ml|json|toml|txt|csv|sql|java|cpp|html?|css|xml|png|jpe?g|gif|pdf|log|lock|env|docx?"
    r"|xlsx?|pptx?|ini|cfg|conf|exe|dll|tar|gz|ipynb|proto|rst|lang|util)\b)"
)
"""Endings of files that end no host name, so that no client makes a link of them."""
_SCHEMED = re.compile(
    r"(?<![\w+.-])[\w+.-]*:(?://|\\\\)[^\s<>|`]*|\bhttps?\s?:(?=[\w/\\])[^\s<>|`]*"
    r"|(?:mailto|javascript|vbscript):[^\s<>|`]*|\bdata:\w+/[^\s<>|`]*|\btel:\+?\d[^\s<>|`]*"
    r"|\bjava\s{1,2}script\s?:[^\s<>|`]*|\b(?:sms|callto|skype|facetime|intent|view-source|blob):[^\s<>|`]+",
    re.IGNORECASE,
)
_DOTTED = re.compile(
    rf"www\d?\.[^\s<>|`]*|\b(?:[^\W_][\w-]*[.。])+{_NO_HOST}[^\W\d_]{{2,24}}(?::\d{{1,5}})?/[^\s<>|`]*",
    re.IGNORECASE,
)
_VEILED = re.compile(
    r"\bhxxps?\b[^\s<>|`]*(?:\s+[\w.-]*\[?\.\]?[\w.\[\]-]+)?"
    r"|\b[\w-]+(?:\s?(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\))\s?[\w-]+)+(?:/[^\s<>|`]*)?"
    r"|\\(?:href|url|includegraphics)\b\s*(?:\[[^\]\n]*\])?(?:\{[^}\n]*\})?",
    re.IGNORECASE,
)
_LINKS = (
    (re.compile(r":\S|mailto|script", re.IGNORECASE), _SCHEMED),
    (re.compile(r"[^\W_][.。]\w|www", re.IGNORECASE), _DOTTED),
    (re.compile(r"hxxp|[\[({]\.[\])}]|dot[\])]|\\", re.IGNORECASE), _VEILED),
)
"""What a client follows; before each a cheap sign of it, since most text has none."""
_REPEATED = re.compile(r"\b(\w[^\n]{0,60}?)(?:\W{1,3}\1\b){4,}", re.IGNORECASE)
_OVER = 5  # times that a word stands in what `_REPEATED` finds
_RUN = re.compile(r"([^\W\d_])\1{11,}")
_WORD = re.compile(r"\w+")
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
DOMAIN = re.compile(
    r"(?<![\w.@/-])(?!(?:e\.g|i\.e|a\.m|p\.m|u\.s|z\.b|d\.h|u\.a|node\.js|vue\.js|next\.js|asp\.net)\b)"
    rf"{_HOST}[a-z]{{2,24}}(?![\w(])",
    re.IGNORECASE,
)
"""A bare host name, or what a chat client may take for one; file names among them."""
_VISITED = re.compile(
    r"\b((?:visit|open|browse|click(?: on| here:?)?|(?:go|head|navigate|over) to|links?:?|url:?|website:?|re-?log ?in"
    r"|(?:log|sign)[ -]?(?:in|on|up)(?:to)?(?: again)?(?: at| to| on| via| with)?"
    r"|re-?authenticate(?: at| on| via| with)?"
    r"|(?:verify|confirm|update|download|install|get|claim|notes|details|more)(?: \w+){0,4} (?:at|from|on|via|under))"
    rf"\s+[\"'(]?){_HOST}(?!(?:md|sh|rs|pl|so|cc|rb|go|ps|db|tf|kt|cs|mk)\b){_NO_HOST}[a-z]{{2,24}}(?![\w(.])",
    re.IGNORECASE,
)
"""A bare host name that readers are sent to."""
_HOSTLIKE = re.compile(r"[a-z0-9]\.[a-z]", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IMAGE = re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?")
_REFERENCE = re.compile(r"\[([^\]\n]{1,200})\](?:\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)|\[[^\]\n]{0,80}\])")
_DEFINITION = re.compile(r"^[ ]{0,3}\[[^\]\n]{1,80}\]:\s*\S+.*$", re.MULTILINE)
_TAG = re.compile(
    r"<!--.*?(?:-->|$)|<\?[^>\n]*>?|</?[abipu](?:\s[^>\n]*)?/?>|</?(?:img|script|iframe|svg|style|object|embed|form|input|link|meta"
    r"|video|audio|br|div|span|table|t[dhr]|ul|ol|li|h[1-6]|em|strong|font|marquee|base|button|select|textarea|details"
    r"|picture|source|canvas|math|template|frame|frameset|applet|body|html|head|title|center|at)\b[^>]*>?"
    r"|<[a-z][\w-]*\s[^>\n]*=[^>\n]*>?",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"<[@#!][^<>\n]*>?")
_BROADCAST = re.compile(r"[@!]+(?=channel|here|everyone|all\b|group\b|subteam)", re.IGNORECASE)
_AT = re.compile(r"(?<![\w.+-])@(?=\w)")


def normalise(text: str) -> str:
    """Return text without hidden or reordering characters; styled and full-width letters as plain ones.

    Superscripts and fractions stay as they are, since 10² is not 102. Joiners stay between letters that need them.
    """
    text = _LOOKALIKE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = text.translate(_SIGNS)
    text = _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\u2028", "\n").replace("\u2029", "\n"))
    text = _JOINERS.sub(lambda match: _joiner(text, match), text)
    return unicodedata.normalize("NFC", text)


def defuse(text: str) -> str:
    """Return text in which nothing can be followed, loaded or notified; what that leaves behind is looked at again."""
    for _ in range(_ROUNDS):
        before, text = text, _defused(text)
        if text == before:
            return text
    return _ACTIVE.sub(" ", text)


def _defused(text: str) -> str:
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = _TEMPLATE.sub(" ", text)
    text = _IMAGE.sub(" ", text)
    text = _REFERENCE.sub(lambda match: _label(match[1], match[2]), text)
    text = _DEFINITION.sub(" ", text)
    text = _TAG.sub(" ", text)
    text = _TOKEN.sub(" ", text)
    if "@" in text:
        text = _EMAIL.sub("(e-mail)", text)
    text = _unlinked(text)
    low = text.lower()
    if any(sign in low for sign in _SECRET_SIGNS):
        text = _SECRET.sub("(secret)", text)
    text = _BROADCAST.sub("", text)
    return _AT.sub("", text).replace("](", "] (").replace("![", "[")


def _unlinked(text: str) -> str:
    for sign, link in _LINKS:
        if sign.search(text):
            text = link.sub(_link_mark, text)
    return _VISITED.sub(rf"\1{LINK_MARK}", text) if _HOSTLIKE.search(text) else text


def is_safe(text: str) -> bool:
    """Tell whether a text holds nothing that `defuse` would take out."""
    return _defused(text) == text and normalise(text) == text


def settled(text: str) -> str:
    """Return text of a bounded length in which nothing is said over and over."""
    text = text[: 4 * MOST_TEXT]
    text = _RUN.sub(lambda match: match[0][:3], text)
    if max(Counter(_WORD.findall(text.lower())).values(), default=0) >= _OVER:
        text = _REPEATED.sub(r"\1", text)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT].rsplit(' ', 1)[0]}…"


def _joiner(text: str, match: re.Match[str]) -> str:
    around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
    return "" if len(around) < 2 or any(char.isascii() for char in around) else match[0]


def _label(label: str, target: str | None) -> str:
    """Return what a Markdown link shows; a label that is a link itself is only marked as one."""
    inert = target is not None and not (_is_link(target) or DOMAIN.search(target))
    if inert and target and "/" not in target and ":" not in target:
        return f"{label} ({target})"
    return LINK_MARK if _is_link(label) else label


def _is_link(text: str) -> bool:
    return any(link.search(text) for _, link in _LINKS)


def _link_mark(match: re.Match[str]) -> str:
    tail = re.search(r"[.,;:!?)\]}'\"]*$", match[0])
    return LINK_MARK + (tail[0] if tail else "")
