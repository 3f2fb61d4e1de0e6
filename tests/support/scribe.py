"""A model's script that works: it reports the messages that decide, ask or promise something, and composes items."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from core.chat import ChatRequest

_TELLING = re.compile(r"decision|decided|will |\?|down|fixed", re.IGNORECASE)
Raw = dict[str, Any]
LONGEST = 300


def rows_in(request: ChatRequest, tag: str) -> list[Raw]:
    """Return the lines between the tags of a request."""
    text = request.messages[-1].content
    start, end = text.index(f"<{tag}>\n") + len(tag) + 3, text.index(f"\n</{tag}>")
    return [json.loads(line) for line in text[start:end].splitlines()]


def is_composition(request: ChatRequest) -> bool:
    """Tell whether a request is to compose items."""
    return "\n<items>\n" in request.messages[-1].content


def scribe(change: Callable[[Raw], Raw] = lambda raw: raw) -> Callable[[ChatRequest], str]:
    """Return a script for ScriptedChatModel; `change` may spoil every item it writes."""

    def write(request: ChatRequest) -> str:
        assert request.schema is not None
        schema: Any = request.schema["properties"]
        most = schema["items"]["maxItems"]
        items = composed(request) if is_composition(request) else reported(request)
        return json.dumps({"items": [change({**i, "text": i["text"][:LONGEST]}) for i in items[:most]]})

    return write


def reported(request: ChatRequest) -> list[Raw]:
    """Return an item for each message that tells something."""
    rows = rows_in(request, "messages")
    return [
        {
            "kind": "question"
            if "?" in row["text"]
            else "decision"
            if "ecision" in row["text"]
            else "update",
            "text": row["text"],
            "citations": [row["id"]],
            "participants": [row["from"]],
            "owner": None,
            "due": None,
            "superseded": [],
        }
        for row in rows
        if _TELLING.search(row["text"]) and not row.get("context")
    ]


def composed(request: ChatRequest) -> list[Raw]:
    """Return the items in their own words, decisions first."""
    rows = sorted(rows_in(request, "items"), key=lambda row: row["kind"] != "decision")
    return [{"sources": [r["id"]], "kind": r["kind"], "text": r["text"], "owner": None} for r in rows]
