"""Blocks and attachments as text, for messages whose `text` says nothing.

Source: https://docs.slack.dev/reference/block-kit. A block nobody told us of gives whatever text lies in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.importers import clean
from gateway.importers.slack import text as markup
from gateway.importers.slack.text import ChannelNames

_DEEPEST = 40  # nesting beyond this is no message that a person wrote
_Object = dict[str, Any]
_BULLETS = {"bullet": "• ", "ordered": "{}. "}


def blocks_text(blocks: object, channels: ChannelNames) -> str:
    """Return the text of a message's blocks, one line per block."""
    return _lines([_block(block, channels, 0) for block in clean.mappings(blocks)])


def attachments_text(attachments: object, channels: ChannelNames, *, previews: bool) -> str:
    """Return the text of a message's attachments; `previews` of links and shared messages count if asked for."""
    found = [entry for entry in clean.mappings(attachments) if previews or not _preview(entry)]
    return _lines([_attachment(entry, channels) for entry in found])


def _preview(attachment: _Object) -> bool:
    return any(attachment.get(key) for key in ("from_url", "original_url", "is_msg_unfurl", "is_app_unfurl"))


def _attachment(attachment: _Object, channels: ChannelNames) -> str:
    def field(name: str) -> str:
        return markup.normalise(clean.text(attachment.get(name)), channels)

    title, target = field("title"), clean.text(attachment.get("title_link"))
    parts = [
        field("pretext"),
        markup.link(markup.decode(target), title) if title and target else title,
        field("text"),
    ]
    for entry in clean.mappings(attachment.get("fields")):
        pair = (clean.text(entry.get("title")), clean.text(entry.get("value")))
        parts.append(": ".join(markup.normalise(part, channels) for part in pair if part))
    parts.append(blocks_text(attachment.get("blocks"), channels))
    for shared in clean.mappings(attachment.get("message_blocks")):
        parts.append(blocks_text(clean.mapping(shared.get("message")).get("blocks"), channels))
    return _lines(parts) or field("fallback")


def _block(block: _Object, channels: ChannelNames, depth: int) -> str:
    if depth > _DEEPEST:
        return ""
    kind = clean.text(block.get("type"))
    render = _BLOCKS.get(kind, _anything)
    return render(block, channels, depth + 1)


def _rich(block: _Object, channels: ChannelNames, depth: int) -> str:
    return _lines([_rich_part(part, channels, depth) for part in clean.mappings(block.get("elements"))])


def _rich_part(part: _Object, channels: ChannelNames, depth: int) -> str:
    if depth > _DEEPEST:
        return ""
    kind = part.get("type")
    if kind == "rich_text_list":
        return _rich_list(part, channels, depth)
    inside = "".join(
        _inline(element, channels, depth + 1) for element in clean.mappings(part.get("elements"))
    )
    if kind == "rich_text_preformatted":
        return f"```{inside}```"
    if kind == "rich_text_quote":
        return "\n".join(f"> {line}" for line in inside.split("\n"))
    return inside or _inline(part, channels, depth + 1)


def _rich_list(part: _Object, channels: ChannelNames, depth: int) -> str:
    style, indent = clean.text(part.get("style")), part.get("indent")
    margin = "  " * min(indent, 8) if isinstance(indent, int) else ""
    first = part.get("offset")
    number = (first if isinstance(first, int) else 0) + 1
    items = [_rich_part(item, channels, depth + 1) for item in clean.mappings(part.get("elements"))]
    bullet = _BULLETS.get(style, "• ")
    return "\n".join(f"{margin}{bullet.format(number + index)}{item}" for index, item in enumerate(items))


def _inline(element: _Object, channels: ChannelNames, depth: int) -> str:
    kind = clean.text(element.get("type"))
    render = _INLINE.get(kind)
    if render is not None:
        return render(element, channels)
    if isinstance(element.get("elements"), list):
        return _rich_part(element, channels, depth + 1)
    return markup.inert(_first_text(element))


def _link(element: _Object, _channels: ChannelNames) -> str:
    return markup.link(clean.text(element.get("url")), clean.text(element.get("text")))


def _date(element: _Object, _channels: ChannelNames) -> str:
    return markup.inert(markup.date(element.get("timestamp"), clean.text(element.get("fallback"))))


_INLINE: dict[str, Callable[[_Object, ChannelNames], str]] = {
    "text": lambda element, _: markup.inert(clean.text(element.get("text"))),
    "link": _link,
    "date": _date,
    "user": lambda element, _: markup.mention(element.get("user_id")),
    "channel": lambda element, channels: markup.channel(element.get("channel_id"), "", channels),
    "usergroup": lambda element, _: f"@{clean.identifier(element.get('usergroup_id'))}",
    "team": lambda element, _: f"@{clean.identifier(element.get('team_id'))}",
    "broadcast": lambda element, _: markup.call(clean.identifier(element.get("range"))),
    "emoji": lambda element, _: f":{clean.identifier(element.get('name'))}:",
    "color": lambda element, _: clean.identifier(element.get("value")),
}


def _text_object(value: object, channels: ChannelNames) -> str:
    if isinstance(value, str):
        return markup.normalise(clean.text(value), channels)
    found = clean.mapping(value)
    inside = clean.text(found.get("text"))
    return markup.decode(inside) if found.get("type") == "plain_text" else markup.normalise(inside, channels)


def _section(block: _Object, channels: ChannelNames, _depth: int) -> str:
    fields = [_text_object(field, channels) for field in clean.mappings(block.get("fields"))]
    return _lines([_text_object(block.get("text"), channels), *fields])


def _context(block: _Object, channels: ChannelNames, depth: int) -> str:
    elements = clean.mappings(block.get("elements"))
    return " ".join(part for part in (_element(element, channels, depth) for element in elements) if part)


def _element(element: _Object, channels: ChannelNames, depth: int) -> str:
    kind = clean.text(element.get("type"))
    if kind == "image":
        return _image(element, channels, depth)
    if kind in {"mrkdwn", "plain_text"}:
        return _text_object(element, channels)
    return _anything(element, channels, depth)


def _image(block: _Object, channels: ChannelNames, _depth: int) -> str:
    return _text_object(block.get("title"), channels) or markup.inert(clean.text(block.get("alt_text")))


def _table(block: _Object, channels: ChannelNames, depth: int) -> str:
    rows: list[Any] = block["rows"] if isinstance(block.get("rows"), list) else []
    return _lines([" | ".join(_cell(cell, channels, depth) for cell in clean.mappings(row)) for row in rows])


def _cell(cell: _Object, channels: ChannelNames, depth: int) -> str:
    return (
        _rich(cell, channels, depth)
        if cell.get("type") == "rich_text"
        else markup.inert(clean.text(cell.get("text")))
    )


def _nothing(_block: _Object, _channels: ChannelNames, _depth: int) -> str:
    return ""


def _anything(block: _Object, channels: ChannelNames, depth: int) -> str:
    """Return the texts of a block of unknown shape: its own, and those of what lies in it."""
    if depth > _DEEPEST:
        return ""
    own = [
        _text_object(block.get(name), channels)
        for name in ("title", "label", "text", "description", "markdown")
    ]
    inside = [
        _block(part, channels, depth)
        for name in ("elements", "blocks", "fields", "options", "tasks")
        for part in clean.mappings(block.get(name))
    ]
    return _lines([*own, *inside]) or markup.inert(clean.text(block.get("alt_text")))


_BLOCKS: dict[str, Callable[[_Object, ChannelNames, int], str]] = {
    "rich_text": _rich,
    "section": _section,
    "header": _section,
    "markdown": _section,
    "context": _context,
    "image": _image,
    "table": _table,
    "divider": _nothing,
    "file": _nothing,
}


def _first_text(element: _Object) -> str:
    names = ("text", "fallback", "title", "name", "label")
    return next((found for name in names if (found := clean.text(element.get(name)))), "")


def _lines(parts: list[str]) -> str:
    return "\n".join(part for part in parts if part.strip())
